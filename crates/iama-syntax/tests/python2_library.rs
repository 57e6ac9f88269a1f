//! The Python 2 trees agree with the `ast` module of `CPython` 2.7 on its standard library.

use std::path::PathBuf;

use iama_syntax::Dialect;
use iama_syntax::oracle::{compare, compare_scopes, library};

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

#[test]
fn names_mean_what_the_symbol_table_of_cpython_says() {
    for (dialect, python) in [(Dialect::Python2, interpreter()), (Dialect::Python3, python3())] {
        let Some(python) = python else {
            println!("not run: no interpreter for {} was found", dialect.name());
            continue;
        };
        let sample: Vec<_> = library(&python).unwrap().into_iter().skip(3).step_by(4 * SAMPLED).collect();
        let (compared, differences) = compare_scopes(&python, dialect, &sample).unwrap();
        println!("{}: {compared} scopes", dialect.name());
        assert!(compared > 1000 && differences.is_empty(), "{compared} scopes, {differences:#?}");
    }
}

/// One file of so many is compared here; `cargo xtask` compares all of them.
const SAMPLED: usize = 5;

fn interpreter() -> Option<PathBuf> {
    find("python2.7", "2.7.18")
}

fn python3() -> Option<PathBuf> {
    find("python3.11", "3.11.7")
}

#[expect(clippy::disallowed_methods, reason = "the test looks for an interpreter where the user's shell would")]
fn find(name: &str, version: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let pyenv =
        std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv/versions").join(version).join("bin"));
    // A pyenv shim is a script that may lead nowhere.
    let folders = std::env::split_paths(&path).filter(|folder| !folder.ends_with("shims"));
    pyenv.into_iter().chain(folders).map(|folder| folder.join(name)).find(|python| python.is_file())
}
