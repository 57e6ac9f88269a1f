//! `iama context`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use iama_source::context::{Index, Manifest, OpenOptions, Pack, PackError, PartKind, PartRecord, Wanted};
use iama_source::secrets::baseline::Baseline;
use iama_source::{Confidence, Excluded, Route};
use iama_syntax::Dialect;
use serde::Serialize;

use crate::args::Context;
use crate::out::{count, say, tell};
use crate::paint;
use crate::problem::{Problem, bad_input, io};

/// Everything that is said of a tree, as `iama.context/1`. Holds no source text.
#[derive(Serialize)]
struct Report<'r> {
    schema: &'static str,
    files: usize,
    lines: u64,
    /// Files by dialect.
    dialects: BTreeMap<&'static str, usize>,
    confidence: Confidence,
    /// Files with secrets in them.
    files_with_secrets: usize,
    excluded: &'r [Excluded],
    /// Nothing where a pack was refused.
    pack: Option<&'r Manifest>,
    refusal: Option<Refusal>,
}

#[derive(Serialize)]
struct Refusal {
    code: &'static str,
    sentence: String,
    hint: String,
}

/// Runs the command.
pub(super) fn run(arguments: &Context) -> Result<ExitCode, Problem> {
    let targets: Vec<String> = arguments.target.iter().map(|target| within(&arguments.path, target)).collect();
    let options = OpenOptions { exclude: arguments.exclude.clone(), keep: targets.clone() };
    let index = Index::open(&arguments.path, &options).map_err(|error| {
        bad_input("PATH_INVALID", error.to_string(), "name a folder that exists and that you may read")
    })?;
    let known = arguments.baseline.as_deref().map(read).transpose()?;
    let wanted = Wanted { reach: arguments.reach, known, ..Wanted::new(targets, arguments.cap) };
    let pack = index.pack(&wanted);
    if arguments.json {
        let report = report(&index, &pack);
        let text = serde_json::to_string_pretty(&report);
        say!("{}", text.map_err(|error| bad_input("EXPORT_FAILED", error.to_string(), ""))?);
    } else if arguments.text {
        if let Ok(pack) = &pack {
            say!("{}{}", pack.interfaces_text(), pack.targets_text().trim_end());
        }
    } else if !matches!(pack, Err(PackError::TargetUnknown { .. })) {
        show_tree(&report(&index, &pack));
        if let Ok(pack) = &pack {
            show_pack(&pack.manifest);
        }
    }
    pack.map(|_| ExitCode::SUCCESS).map_err(|error| bad_input(error.code(), error.to_string(), error.hint()))
}

/// A target relative to the root, which may have been given as seen from here.
fn within(root: &Path, target: &str) -> String {
    let seen_from_here = Path::new(target);
    let inner = seen_from_here.strip_prefix(root).ok().filter(|_| !root.join(target).exists());
    let absolute = || {
        let file = seen_from_here.canonicalize().ok()?;
        let root = root.canonicalize().ok()?;
        file.strip_prefix(root).ok().map(Path::to_owned)
    };
    let inner = inner.map(Path::to_owned).or_else(|| if root.join(target).is_file() { None } else { absolute() });
    let path = inner.map_or_else(|| target.to_owned(), |inner| inner.to_string_lossy().into_owned());
    path.replace('\\', "/").trim_start_matches("./").to_owned()
}

fn read(file: &Path) -> Result<Baseline, Problem> {
    let shown = file.display();
    let text = fs::read_to_string(file).map_err(|error| io(format!("cannot read {shown}"), &error))?;
    let hint = format!("make one with `iama scan PATH --baseline {shown} --update-baseline`");
    Baseline::read(&text).map_err(|error| bad_input("BASELINE_INVALID", format!("{shown}: {error}"), hint))
}

fn report<'r>(index: &'r Index, pack: &'r Result<Pack, PackError>) -> Report<'r> {
    let (mut dialects, mut lines, mut files_with_secrets) = (BTreeMap::new(), 0, 0);
    for facts in index.files().filter_map(|(_, facts)| facts) {
        *dialects.entry(facts.dialect.name()).or_default() += 1;
        lines += u64::from(facts.lines);
        files_with_secrets += usize::from(facts.secrets > 0);
    }
    let refusal = pack.as_ref().err().map(|error| Refusal {
        code: error.code(),
        sentence: error.to_string(),
        hint: error.hint(),
    });
    Report {
        schema: "iama.context/1",
        files: index.files().len(),
        lines,
        dialects,
        confidence: index.confidence(),
        files_with_secrets,
        excluded: index.excluded(),
        pack: pack.as_ref().ok().map(|pack| &pack.manifest),
        refusal,
    }
}

/// How many files that were left out are named.
const NAMED: usize = 12;

fn show_tree(report: &Report<'_>) {
    let dialects: Vec<String> =
        report.dialects.iter().map(|(name, files)| format!("{files} {}", title(name))).collect();
    let of = if dialects.is_empty() { String::new() } else { format!(": {}", dialects.join(", ")) };
    say!("{}, {}{of}", count(report.files, "file"), lines(report.lines));
    let confidence = &report.confidence;
    say!(
        "{} {}: statements {}, names {}, whole files {}; {}",
        paint::strong("confidence"),
        paint::strong(confidence.score),
        percent(confidence.parse_rate),
        percent(confidence.symbol_rate),
        percent(confidence.snippet_completeness),
        route(confidence.route)
    );
    if report.files_with_secrets > 0 {
        say!("secrets in {}; `iama scan` says where", count(report.files_with_secrets, "file"));
    }
    if !report.excluded.is_empty() {
        say!("\n{}", paint::strong(format!("{} left out", count(report.excluded.len(), "path"))));
    }
    let width = report.excluded.iter().take(NAMED).map(|one| one.path.chars().count()).max().unwrap_or(0);
    for one in report.excluded.iter().take(NAMED) {
        say!("  {:width$}  {}", one.path, paint::dim(one.reason.sentence()));
    }
    if report.excluded.len() > NAMED {
        say!("  {}", paint::dim(format!("and {} more, all of them with --json", report.excluded.len() - NAMED)));
    }
}

fn title(name: &str) -> &str {
    match Dialect::from_name(name) {
        Some(Dialect::Python2) => "Python 2",
        Some(Dialect::Python2PrintFunction) => "Python 2 with print()",
        Some(Dialect::Python3) => "Python",
        Some(Dialect::JavaScript) => "JavaScript",
        Some(Dialect::TypeScript) => "TypeScript",
        Some(Dialect::Tsx) => "TSX",
        Some(Dialect::Java) => "Java",
        None => name,
    }
}

fn route(route: Route) -> &'static str {
    match route {
        Route::AstSymbolic => "edits by symbol",
        Route::BlackBox => "behaviour is pinned down from outside",
        Route::ExactSearchReplace => "exact search and replace only",
    }
}

fn show_pack(manifest: &Manifest) {
    say!(
        "\n{} {} of {} tokens {}",
        paint::strong("context pack"),
        grouped(manifest.tokens),
        grouped(manifest.cap),
        paint::dim(&manifest.id[..12])
    );
    let width = manifest.parts.iter().map(|part| part.path.chars().count()).max().unwrap_or(0).min(60);
    for part in &manifest.parts {
        let what = what(part);
        say!("{:>10}  {:width$}  {what:10}  {}", grouped(part.tokens), part.path, paint::dim(part.why.words()));
        if !part.functions.is_empty() {
            say!("{:>10}  {}", "", paint::dim(listed(&part.functions)));
        }
    }
    if !manifest.pruned.is_empty() {
        say!("\n{}", paint::strong(format!("{} left out for want of room", bodies(manifest.pruned.len()))));
    }
    for one in manifest.pruned.iter().take(NAMED) {
        let function = one.function.as_deref().unwrap_or("whole file");
        say!("{:>10}  {}  {function}", grouped(one.tokens), one.path);
    }
    if manifest.pruned.len() > NAMED {
        say!("{:>10}  {}", "", paint::dim(format!("and {} more", manifest.pruned.len() - NAMED)));
    }
    for one in &manifest.masked {
        tell!("masked: {}:{}: {} as {}", one.path, one.line, one.rule, one.placeholder);
    }
}

fn what(part: &PartRecord) -> String {
    match part.kind {
        PartKind::Body if !part.functions.is_empty() => bodies(part.functions.len()),
        PartKind::Body | PartKind::Named | PartKind::Target => "whole".to_owned(),
        PartKind::Interface => "interface".to_owned(),
    }
}

fn bodies(number: usize) -> String {
    if number == 1 { "1 body".to_owned() } else { format!("{number} bodies") }
}

fn lines(number: u64) -> String {
    if number == 1 { "1 line".to_owned() } else { format!("{} lines", grouped(number)) }
}

/// The first names of a list.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 6 { format!("{shown} and {} more", names.len() - 6) } else { shown }
}

/// A share, rounded down: nothing is called whole that is not.
fn percent(share: f64) -> String {
    format!("{:.0} %", (share * 100.0).floor())
}

/// A number in groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let head = digits.len() % 3;
    let mut out = digits[..head].to_owned();
    for at in (head..digits.len()).step_by(3) {
        out.push_str(if out.is_empty() { "" } else { " " });
        out.push_str(&digits[at..at + 3]);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!([0, 12, 1234, 123_456, 1_000_000].map(super::grouped), ["0", "12", "1 234", "123 456", "1 000 000"]);
    }
}
