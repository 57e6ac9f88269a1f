//! The report for those who answer for a migration, set as a PDF.
//!
//! A report is text in sections and tables. It goes to the typesetter as data, in one file of JSON beside a template that is part of
//! this room: nothing in it is read as markup, and the typesetter sees no other file. The same report gives the same bytes.

mod text;
mod world;

use serde::Serialize;
use typst::comemo;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use text::FONTS;
use world::Desk;

/// A report. Dates are ISO 8601.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What it is.
    pub title: String,
    /// What it is about.
    pub subject: String,
    /// The day that it is of, as `2026-11-23`.
    pub date: String,
    /// What stands on its first page besides: a name and a value each.
    pub facts: Vec<(String, String)>,
    /// The most important figures: a value and what it is.
    pub figures: Vec<(String, String)>,
    /// In sentences.
    pub summary: Vec<String>,
    /// All else.
    pub sections: Vec<Section>,
}

/// A section of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// What goes before its tables.
    pub text: Vec<String>,
    /// Its tables.
    pub tables: Vec<Table>,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Its heading; empty for none.
    pub title: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each with a text for every column.
    pub rows: Vec<Vec<String>>,
    /// What is said below it, by paragraph.
    pub notes: Vec<String>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its head.
    pub title: String,
    /// Its part of the width.
    pub share: u8,
    /// What is in it.
    pub kind: Kind,
}

/// What is in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Sentences and words.
    Text,
    /// Names of the code.
    Code,
    /// Figures.
    Number,
    /// `low`, `medium`, `high` or `unknown`.
    Level,
}

impl Column {
    /// A column.
    pub fn new(title: &str, share: u8, kind: Kind) -> Self {
        Self { title: title.to_owned(), share, kind }
    }
}

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The typesetter refused. What it says may quote the report, so it is not told.
    #[error("the report cannot be set")]
    Set,
    /// The typesetter's output was refused.
    #[error("the report cannot be written as a PDF")]
    Write,
    /// The report is no JSON.
    #[error("the report cannot be handed over")]
    Data(#[source] serde_json::Error),
}

/// Sets a report. It takes a core for as long as it lasts; what the typesetter remembers of it is forgotten afterwards.
pub fn render(report: &Report) -> Result<Vec<u8>, Error> {
    let data = serde_json::to_value(report).map_err(Error::Data)?;
    let mut data = FONTS.showable(data);
    data["day"] = report.date.split('-').map(|part| part.parse::<u16>().unwrap_or(1)).collect();
    let desk = Desk::new(serde_json::to_vec(&data).map_err(Error::Data)?)?;
    let set = typst::compile::<PagedDocument>(&desk).output.map_err(|_| Error::Set);
    let written = set.and_then(|document| {
        let options = PdfOptions {
            creator: typst::foundations::Smart::Custom(Some("IAMA".to_owned())),
            standards: PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1]).map_err(|_| Error::Write)?,
            ..PdfOptions::default()
        };
        typst_pdf::pdf(&document, &options).map_err(|_| Error::Write)
    });
    comemo::evict(0);
    written
}
