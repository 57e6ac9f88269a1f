//! The Python 2 trees against CPython's own.

use anyhow::{Result, bail};
use iama_baseline::python::interpreter::{self, Wanted};
use iama_syntax::oracle::{compare, library};

use crate::packages::search;

/// Compares every file of the 2.7 standard library.
pub(crate) fn run() -> Result<()> {
    let Some(python) = interpreter::find(Wanted::LEGACY, None, &search()) else {
        println!("not run: no Python 2.7 was found");
        return Ok(());
    };
    let files = library(&python.path)?;
    let report = compare(&python.path, &files)?;
    println!(
        "{} files, {} statements, {} refused by CPython, {} differences",
        report.files,
        report.statements,
        report.refused,
        report.differences.len()
    );
    for difference in report.differences.iter().take(20) {
        println!("  {difference:?}");
    }
    if !report.differences.is_empty() {
        bail!("the trees differ from CPython's");
    }
    Ok(())
}
