//! An Agent Trace record: which lines of the result were written by the tool, and by which of its recipes.

use serde_json::{Value, json};

use super::digest;
use super::told::{File, Hunk, Told};

const VERSION: &str = "0.1.0";

pub(super) fn of(told: &Told, evidence: &[u8]) -> Value {
    let files: Vec<Value> = told.files.iter().filter(|file| file.result_sha256.is_some()).map(file).collect();
    json!({
        "version": VERSION,
        "id": uuid(&digest(evidence)),
        "timestamp": told.job.finished_at,
        "tool": { "name": "iama", "version": told.job.iama_version },
        "files": files,
        "metadata": {
            "iama": {
                "job": told.job.id,
                "project": told.job.project,
                "strategy": told.job.strategy,
                "from": told.job.from,
                "to": told.job.to,
                "verdict": told.verdict.code,
            },
        },
    })
}

/// One conversation for each hunk: what its lines have in common is who wrote them. The format knows no name for a
/// deterministic rewrite.
fn file(file: &File) -> Value {
    let conversations: Vec<Value> = file.hunks.iter().filter_map(conversation).collect();
    json!({ "path": file.path, "conversations": conversations })
}

fn conversation(hunk: &Hunk) -> Option<Value> {
    let ranges = ranges(hunk);
    let recipes: Vec<Value> = hunk
        .reasons
        .iter()
        .map(|reason| json!({ "type": "recipe", "url": format!("iama:recipe/{}", reason.recipe) }))
        .collect();
    (!ranges.is_empty()).then(|| {
        json!({
            "url": format!("iama:hunk/{}", hunk.id),
            "contributor": contributor(hunk),
            "ranges": ranges,
            "related": recipes,
        })
    })
}

/// Who wrote a hunk: the format knows models and persons.
fn contributor(hunk: &Hunk) -> Value {
    let model = hunk.authors.iter().rev().find_map(|author| author.route.as_deref());
    let person = hunk.authors.iter().any(|author| author.by == "person");
    match (model, person) {
        (Some(model), false) if hunk.reasons.is_empty() => json!({ "type": "ai", "model_id": model }),
        (Some(model), _) => json!({ "type": "mixed", "model_id": model }),
        (None, true) => json!({ "type": "human" }),
        (None, false) => json!({ "type": "unknown" }),
    }
}

/// The new lines of a hunk, in runs, by their numbers in the result.
fn ranges(hunk: &Hunk) -> Vec<Value> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    let mut line = hunk.new_start;
    for (mark, _) in &hunk.lines {
        match mark.as_str() {
            "-" => continue,
            "+" => match runs.last_mut() {
                Some((_, last)) if *last + 1 == line => *last = line,
                _ => runs.push((line, line)),
            },
            _ => {}
        }
        line += 1;
    }
    runs.into_iter().map(|(first, last)| json!({ "start_line": first, "end_line": last })).collect()
}

/// A name in the form of a UUID of version 8, whose bits are the maker's own: here those of a hash, so that the same
/// evidence gives the same name.
fn uuid(hash: &str) -> String {
    let digits = hash.as_bytes();
    let part = |from: usize, to: usize| String::from_utf8_lossy(&digits[from..to]).into_owned();
    format!("{}-{}-8{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}
