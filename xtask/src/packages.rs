//! Published Python 2 packages with tests of their own: names, versions and counts. Their code is fetched, never kept here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use iama_baseline::python::interpreter::{self, Interpreter, Search, Wanted};

use crate::tools::{cache, command, output, run, variable};

/// A package and how its tests are run.
#[derive(Debug)]
pub(crate) struct Package {
    /// Its name on the package index.
    pub(crate) name: &'static str,
    /// Its version.
    pub(crate) version: &'static str,
    /// Folders for the module path.
    pub(crate) pythonpath: &'static [&'static str],
    /// A folder, and what the names of its test files begin with and hold; all end in `.py`.
    pub(crate) tests: (&'static str, &'static str, &'static str),
    /// Tests that pass under 2.7.18 with pytest 4.6.11.
    pub(crate) passing: u32,
}

/// The packages, smallest first.
pub(crate) const PACKAGES: &[Package] = &[
    Package { name: "iso8601", version: "0.1.4", pythonpath: &["."], tests: ("iso8601", "test_", ""), passing: 11 },
    Package { name: "blinker", version: "1.1", pythonpath: &["."], tests: ("tests", "test_", ""), passing: 23 },
    Package {
        name: "python-gflags",
        version: "2.0",
        pythonpath: &[".", "tests"],
        tests: ("tests", "", "test.py"),
        passing: 34,
    },
    Package {
        name: "parsedatetime",
        version: "0.8.7",
        pythonpath: &["."],
        tests: ("parsedatetime/tests", "Test", ""),
        passing: 43,
    },
    Package {
        name: "BeautifulSoup",
        version: "3.2.1",
        pythonpath: &["."],
        tests: (".", "BeautifulSoupTests", ""),
        passing: 68,
    },
    Package { name: "jsonpickle", version: "0.3.1", pythonpath: &["."], tests: ("tests", "", "_test"), passing: 82 },
    Package { name: "sqlparse", version: "0.1.4", pythonpath: &["."], tests: ("tests", "test_", ""), passing: 96 },
    Package { name: "dnspython", version: "1.11.1", pythonpath: &["."], tests: ("tests", "", ""), passing: 345 },
    Package { name: "python-dateutil", version: "1.5", pythonpath: &["."], tests: (".", "test", ""), passing: 478 },
];

/// Where interpreters are looked for.
pub(crate) fn search() -> Search {
    Search {
        path: variable("PATH").unwrap_or_default(),
        home: PathBuf::from(variable("HOME").unwrap_or_default()),
        pyenv_root: variable("PYENV_ROOT").map(PathBuf::from),
    }
}

/// The interpreter of this version, if there is one.
pub(crate) fn python(major: u8, minor: u8) -> Option<Interpreter> {
    interpreter::find(Wanted { major, minor }, None, &search())
}

/// The package with this name.
pub(crate) fn named(name: &str) -> Result<&'static Package> {
    PACKAGES.iter().find(|package| package.name == name).with_context(|| format!("no package {name} is listed"))
}

impl Package {
    /// Puts a fresh copy of the source into a folder; what was there goes.
    pub(crate) fn copy_to(&self, folder: &Path) -> Result<()> {
        let source = self.fetch()?;
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        output(&mut command("cp", &["-r", &format!("{}/.", source.display()), &folder.display().to_string()]))?;
        Ok(())
    }

    /// The unpacked source, fetched by pip when it is not there yet.
    pub(crate) fn fetch(&self) -> Result<PathBuf> {
        let folder = cache().join("material/python2/src");
        let source = folder.join(format!("{}-{}", self.name, self.version));
        if source.is_dir() {
            return Ok(source);
        }
        fs::create_dir_all(&folder)?;
        let archive = self.download()?;
        let archive = archive.display().to_string();
        let folder = folder.display().to_string();
        if archive.ends_with(".zip") {
            run(&mut command("python3", &["-m", "zipfile", "-e", &archive, &folder]))?;
        } else {
            run(&mut command("tar", &["-xf", &archive, "-C", &folder]))?;
        }
        if !source.is_dir() {
            bail!("{archive} does not hold {}", source.display());
        }
        Ok(source)
    }

    /// Set-up scripts of that time are Python 2, and pip runs them even to download: its own 2.7 goes first.
    fn download(&self) -> Result<PathBuf> {
        let folder = cache().join("material/python2/sdist");
        fs::create_dir_all(&folder)?;
        let wanted = format!("{}=={}", self.name, self.version);
        let shown = folder.display().to_string();
        let arguments = ["-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", &shown, &wanted];
        let two = interpreter::find(Wanted::LEGACY, None, &search()).map(|found| found.path.display().to_string());
        let fetched = two
            .iter()
            .map(String::as_str)
            .chain(["python3"])
            .any(|python| output(command(python, &arguments).env("PYTHONWARNINGS", "ignore")).is_ok());
        if !fetched {
            bail!("pip could not download {wanted}: with Python 2 packages it needs a Python 2.7 that has pip");
        }
        let archive = fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(&format!("{}-{}", self.name, self.version)))
        });
        archive.with_context(|| format!("pip said that it downloaded {wanted}, and {shown} does not hold it"))
    }
}
