//! Derives the two Python 2 parsers from the sources of tree-sitter-python: edits its grammar and scanner, generates the
//! tables and compiles the C.

#[path = "build/dsl.rs"]
mod dsl;
#[path = "build/grammar.rs"]
mod grammar;
#[path = "build/locate.rs"]
mod locate;
#[path = "build/scanner.rs"]
mod scanner;

use std::{error::Error, fs, path::Path, thread};

use grammar::Print;
use tree_sitter_generate::{ALLOC_HEADER, ARRAY_HEADER, OptLevel, PARSER_HEADER, generate_parser_for_grammar};

type Failure = Box<dyn Error + Send + Sync>;

/// The parsers to make: language name, and what `print` is in it.
const PARSERS: [(&str, Print); 2] = [("python2", Print::Statement), ("python2_print_function", Print::Name)];

fn main() -> Result<(), Failure> {
    for input in ["build.rs", "build", "Cargo.toml"] {
        println!("cargo:rerun-if-changed={input}");
    }
    let base = locate::sources()?;
    let out_dir = locate::out_dir()?;
    thread::scope(|scope| {
        let running = PARSERS.map(|(name, print)| {
            let (base, out_dir) = (&base, out_dir.join(name));
            scope.spawn(move || derive(base, &out_dir, name, print))
        });
        running.into_iter().try_for_each(|parser| match parser.join() {
            Ok(outcome) => outcome,
            Err(_) => Err("the grammar generator panicked".into()),
        })
    })?;
    for (name, _) in PARSERS {
        compile(&out_dir.join(name), name);
    }
    Ok(())
}

/// Writes `parser.c`, `scanner.c` and the headers of one language into `out`.
fn derive(base: &Path, out: &Path, name: &str, print: Print) -> Result<(), Failure> {
    let grammar = grammar::derive(&fs::read_to_string(base.join("grammar.json"))?, name, print)?;
    let mut diagnostics = Vec::new();
    let (_, parser) = generate_parser_for_grammar(&grammar, None, OptLevel::default(), &mut diagnostics)
        .map_err(|error| format!("the derived grammar {name} was refused: {error}"))?;
    let scanner = scanner::derive(&fs::read_to_string(base.join("scanner.c"))?, name)?;
    let headers = out.join("tree_sitter");
    fs::create_dir_all(&headers)?;
    for (header, text) in [("alloc.h", ALLOC_HEADER), ("array.h", ARRAY_HEADER), ("parser.h", PARSER_HEADER)] {
        fs::write(headers.join(header), text)?;
    }
    fs::write(out.join("parser.c"), parser)?;
    fs::write(out.join("scanner.c"), scanner)?;
    Ok(())
}

fn compile(sources: &Path, name: &str) {
    cc::Build::new()
        .std("c11")
        .warnings(false)
        .include(sources)
        .file(sources.join("parser.c"))
        .file(sources.join("scanner.c"))
        .compile(&format!("tree-sitter-{name}"));
}
