//! Migrates the Python files of a folder in place, for trying recipes out: `folder [--target 3.11] [--dual] DIR [--notes]`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use iama_recipes::{Options, Outcome, PAIRS, Project, Strategy, migrate};

fn walk(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && !path.is_symlink() {
            walk(root, &path, found);
        } else if let Ok(relative) = path.strip_prefix(root) {
            found.push(relative.to_owned());
        }
    }
}

#[expect(clippy::too_many_lines, reason = "a tool for the workbench, told from top to bottom")]
fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut options = Options::of(Strategy::Comprehensive);
    if arguments.first().is_some_and(|first| first == "--target") {
        let (major, minor) = arguments[1].split_once('.').unwrap_or(("3", "11"));
        options.target = (major.parse().unwrap_or(3), minor.parse().unwrap_or(11));
        arguments.drain(..2);
    }
    if arguments.first().is_some_and(|first| first == "--dual") {
        options.dual = true;
        arguments.remove(0);
    }
    let root = PathBuf::from(&arguments[0]);
    let pair = PAIRS[0];
    let mut paths = Vec::new();
    walk(&root, &root, &mut paths);
    let mut project = Project::default();
    let mut sources = BTreeMap::new();
    let (mut source, mut target) = (0, 0);
    for path in paths {
        let name = path.to_string_lossy().into_owned();
        let Ok(bytes) = fs::read(root.join(&path)) else { continue };
        let first: String = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).lines().take(1).collect();
        if !(pair.claims)(&name, &first) {
            continue;
        }
        project.files.insert(name.clone());
        let Ok(text) = (pair.decode)(&bytes) else {
            println!("{name}: cannot be decoded");
            continue;
        };
        project.learn(pair, text.text());
        match (pair.read)(text.text()) {
            iama_recipes::pair::Reading::Source(tree) if (pair.certain)(&tree) => source += 1,
            iama_recipes::pair::Reading::Target => target += 1,
            _ => {}
        }
        sources.insert(name, text);
    }
    project.certain = source > 0 && source >= target;
    let show = arguments.iter().any(|argument| argument == "--notes");
    for (name, before) in &sources {
        match migrate(pair, name, before.text(), &project, &options) {
            Outcome::Migrated(done) => {
                if show {
                    let lines = iama_syntax::LineIndex::new(before.text());
                    for note in done.notes.iter().filter(|note| !note.why.is_empty()) {
                        println!(
                            "{name}:{} {:?} {}: {}",
                            lines.line(note.span.start),
                            note.class,
                            note.recipe,
                            note.why
                        );
                    }
                }
                for file in done.added {
                    let _ = fs::write(root.join(&file.path), file.text);
                }
                match before.encode(&done.text) {
                    Ok(bytes) => drop(fs::write(root.join(name), bytes)),
                    Err(error) => println!("{name}: {error}"),
                }
            }
            Outcome::AlreadyTarget => {}
            other => println!("{name}: {other:?}"),
        }
    }
}
