//! Takes every source file below the folders named as arguments apart and parses what comes out: interfaces, and bodies of
//! a third of the functions. Prints what is not valid and exits with 1; with `--write DIR` first, the interfaces of Python
//! files are written there, for interpreters to judge.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use iama_source::context::{Outline, claims, file_facts, outline};
use iama_source::{WalkOptions, walk};
use iama_syntax::{Dialect, Node, SyntaxTree, python3};

#[derive(Default)]
struct Count {
    files: usize,
    unparsed: usize,
    bytes: usize,
    shown: usize,
    wrong: usize,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let write = (arguments.first().is_some_and(|first| first == "--write")).then(|| arguments.drain(..2).next_back());
    let mut wrong = 0;
    for root in &arguments {
        let mut count = Count::default();
        let root = Path::new(root);
        for file in walk(root, &WalkOptions::default(), claims)?.files {
            check(root, &file.path, write.as_ref().and_then(Option::as_deref), &mut count)?;
        }
        println!(
            "{}: {} files, {} with syntax errors; {} of {} bytes are interface; {} not valid",
            root.display(),
            count.files,
            count.unparsed,
            count.shown,
            count.bytes,
            count.wrong
        );
        wrong += count.wrong;
    }
    Ok(ExitCode::from(u8::from(wrong > 0)))
}

fn check(root: &Path, path: &str, write: Option<&str>, count: &mut Count) -> Result<(), Box<dyn Error>> {
    let bytes = fs::read(root.join(path))?;
    count.files += 1;
    let Some(outline) = outline(path, &bytes) else {
        count.unparsed += 1;
        return Ok(());
    };
    let dialect = file_facts(path, &bytes).dialect;
    let interface = outline.interface();
    count.bytes += bytes.len();
    count.shown += interface.len();
    for text in [interface.as_str(), &some_bodies(&outline)] {
        if let Some(place) = first_error(dialect, text) {
            count.wrong += 1;
            let before = text[..place].lines().count().max(3) - 3;
            let around: Vec<&str> = text.lines().skip(before).take(5).collect();
            println!("not valid: {path} ({}):\n  {}", dialect.name(), around.join("\n  "));
        }
    }
    if let (Some(folder), true) = (write, dialect.is_python()) {
        let name = path.replace('/', "__");
        fs::create_dir_all(Path::new(folder).join(dialect.name()))?;
        fs::write(Path::new(folder).join(dialect.name()).join(name), &interface)?;
    }
    Ok(())
}

fn some_bodies(outline: &Outline) -> String {
    let third: BTreeSet<usize> = (0..outline.len()).step_by(3).collect();
    outline.bodies(&third)
}

/// Where the text is not valid.
fn first_error(dialect: Dialect, text: &str) -> Option<usize> {
    let tree = SyntaxTree::parse(dialect, text).ok()?;
    let strict = if dialect == Dialect::Python3 { python3::first_error(text) } else { None };
    tree.first_error().map(Node::start).or(strict).map(|place| place as usize)
}
