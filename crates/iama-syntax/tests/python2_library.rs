//! The Python 2 trees agree with the `ast` module of `CPython` 2.7 on its standard library.

use std::path::PathBuf;

use iama_syntax::oracle::{compare, library};

#[test]
fn the_standard_library_has_the_statements_that_cpython_sees() {
    let Some(python) = interpreter() else {
        println!("not run: no Python 2.7 was found");
        return;
    };
    let sample: Vec<_> = library(&python).unwrap().into_iter().skip(2).step_by(SAMPLED).collect();
    let report = compare(&python, &sample).unwrap();
    println!("{} files, {} statements, {} refused by CPython", report.files, report.statements, report.refused);
    assert!(report.files * SAMPLED > 1000, "the library is not all there: {report:?}");
    assert!(report.differences.is_empty(), "{:#?}", report.differences);
}

/// One file of so many is compared here; `cargo xtask` compares all of them.
const SAMPLED: usize = 5;

#[expect(clippy::disallowed_methods, reason = "the test looks for an interpreter where the user's shell would")]
fn interpreter() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let pyenv = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv/versions/2.7.18/bin"));
    // A pyenv shim is a script that may lead nowhere.
    let folders = std::env::split_paths(&path).filter(|folder| !folder.ends_with("shims")).chain(pyenv);
    folders.map(|folder| folder.join("python2.7")).find(|python| python.is_file())
}
