//! Whether interfaces of real files, and bodies taken out of them, are valid in their languages.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use crate::packages::python;
use crate::tools::{cache, command, output, release_example, run as go};

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// A folder with source of any of the languages, besides the libraries of Python (repeatable)
    #[arg(long, value_name = "DIR")]
    folder: Vec<PathBuf>,
}

/// Compiles the interfaces of files that are Python 2 only.
const COMPILES: &str = "
import os, sys
bad = 0
for folder in ('python2', 'python2-print-function'):
    folder = os.path.join(sys.argv[1], folder)
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        text = open(os.path.join(folder, name), 'rb').read().decode('utf-8')
        try:
            compile(text + u'\\n', name, 'exec', 0, True)
        except SyntaxError as error:
            bad += 1
            print name, error
print bad, 'interfaces that Python 2.7 does not compile'
";

/// Files of the library that are there to be wrong: they compile nowhere, whole or in part.
const WRONG_ON_PURPOSE: &str = "badsyntax";

/// Takes every file apart and judges what comes out, by the grammars, by a strict parser and by Python 2.7.
pub(crate) fn run(options: &Options) -> Result<()> {
    let slices = release_example("iama-source", "slices")?.display().to_string();
    let written = cache().join("context-check");
    if written.exists() {
        fs::remove_dir_all(&written)?;
    }
    let written = written.display().to_string();
    if let Some(two) = python(2, 7) {
        let library = two.prefix.join("lib/python2.7").display().to_string();
        go(&mut command(&slices, &["--write", &written, &library]))?;
        let told = output(&mut command(&two.path.display().to_string(), &["-W", "ignore", "-c", COMPILES, &written]))?;
        let wrong: Vec<&str> = told.lines().filter(|line| !line.contains(WRONG_ON_PURPOSE)).collect();
        println!("{} of them by Python 2.7 itself: {} not valid", library, wrong.len() - 1);
        if wrong.len() > 1 {
            bail!("{}", wrong.join("\n"));
        }
    }
    let material = cache().join("material/python2/src");
    let folders = options.folder.iter().chain(material.is_dir().then_some(&material));
    let three = python(3, 11).map(|three| three.prefix.join("lib/python3.11"));
    for folder in folders.chain(three.as_ref()) {
        go(&mut command(&slices, &[&folder.display().to_string()]))?;
    }
    Ok(())
}
