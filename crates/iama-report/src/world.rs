//! What the typesetter sees: the template, the data, three fonts, and nothing else. There is no other file, no package, no network and
//! no clock.

use std::path::PathBuf;
use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};

use crate::Error;
use crate::text::FONTS;

/// How a report looks.
const TEMPLATE: &str = include_str!("report.typ");

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));
static BOOK: LazyLock<LazyHash<FontBook>> = LazyLock::new(|| LazyHash::new(FontBook::from_fonts(FONTS.all())));

/// The template next to one report.
pub(crate) struct Desk {
    template: Source,
    data: (FileId, Bytes),
}

impl Desk {
    /// A report as JSON.
    pub(crate) fn new(data: Vec<u8>) -> Result<Self, Error> {
        let template = Source::new(named("report.typ")?, TEMPLATE.to_owned());
        Ok(Self { template, data: (named("report.json")?, Bytes::new(data)) })
    }
}

fn named(path: &str) -> Result<FileId, Error> {
    let path = VirtualPath::new(path).map_err(|_| Error::Set)?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &BOOK
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() { Ok(self.template.clone()) } else { Err(absent()) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.data.0 { Ok(self.data.1.clone()) } else { Err(absent()) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.all().get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn absent() -> FileError {
    FileError::NotFound(PathBuf::new())
}
