//! What the context pack costs, for measurements.
//!
//!     context_cost bare ROOT           parses every source file on all cores and does nothing with the trees
//!     context_cost analyse ROOT        reads every source file as `iama context` does
//!     context_cost repack ROOT TARGET  milliseconds of a new pack after an edit of one file, beyond what that file takes
//!                                      alone; the median and the worst of several edits

#![expect(clippy::disallowed_methods, reason = "this program measures time")]

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use iama_source::context::{Index, OpenOptions, PartKind, Wanted, claims, file_facts};
use iama_source::{WalkOptions, walk};
use iama_syntax::Dialect;
use rayon::prelude::*;
use tree_sitter::Parser;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bare", root] => bare(Path::new(root)),
        ["analyse", root] => {
            println!("{:?}", Index::open(Path::new(root), &OpenOptions::default())?.confidence());
            Ok(())
        }
        ["repack", root, target] => repack(Path::new(root), target),
        _ => Err("bare ROOT, analyse ROOT, or repack ROOT TARGET".into()),
    }
}

fn bare(root: &Path) -> Result<(), Box<dyn Error>> {
    let files: Vec<_> = walk(root, &WalkOptions::default(), claims)?.files;
    let bytes: usize = files
        .par_iter()
        .map_init(Parser::new, |parser, file| {
            let Ok(text) = fs::read(root.join(&file.path)) else { return 0 };
            let extension = file.path.rsplit('.').next().unwrap_or("");
            let dialect = Dialect::from_extension(extension).unwrap_or(Dialect::Python3);
            let is_set = parser.set_language(dialect.grammar().language()).is_ok();
            usize::from(is_set && parser.parse(&text, None).is_some()) * text.len()
        })
        .sum();
    println!("{} files, {bytes} bytes", files.len());
    Ok(())
}

fn repack(root: &Path, target: &str) -> Result<(), Box<dyn Error>> {
    let mut index = Index::open(root, &OpenOptions::default())?;
    let wanted = Wanted::new(vec![target.to_owned()], 1_000_000);
    let first = index.pack(&wanted)?;
    let neighbours = first.parts.iter().filter(|part| part.kind == PartKind::Interface).map(|part| part.path.clone());
    let mut beyond: Vec<Duration> = Vec::new();
    for path in neighbours.chain([target.to_owned()]).take(12) {
        let file = root.join(&path);
        let before = fs::read(&file)?;
        let edited = [&before[..], b"\nedited_here = 1\n"].concat();
        fs::write(&file, &edited)?;
        let start = Instant::now();
        black_box(file_facts(&path, &edited));
        let alone = start.elapsed();
        let start = Instant::now();
        index.refresh([path.as_str()]);
        let pack = index.pack(&wanted)?;
        let whole = start.elapsed();
        fs::write(&file, &before)?;
        index.refresh([path.as_str()]);
        assert_ne!(pack.id, first.id, "the edit is in the pack");
        beyond.push(whole.saturating_sub(alone));
    }
    beyond.sort();
    let milliseconds = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    println!("{:.2} {:.2}", milliseconds(beyond.get(beyond.len() / 2)), milliseconds(beyond.last()));
    Ok(())
}
