//! `iama scan`.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use iama_engine::exports::sarif;
use iama_engine::folder::write_whole;
use iama_source::secrets::baseline::Baseline;
use iama_source::secrets::folder::{Located, ScanError, ScanOptions, Scanned, Skipped, scan_path};
use serde::Serialize;

use crate::args::Scan;
use crate::out::{count, say, tell};
use crate::paint;
use crate::problem::{Problem, bad_input, exit, io};

/// Everything that one scan says, as `iama.scan/1`. Paths are relative to what was scanned.
#[derive(Serialize)]
struct Report<'s> {
    schema: &'static str,
    files: usize,
    bytes: u64,
    findings: Vec<&'s Located>,
    /// Findings that the baseline knows.
    known: usize,
    skipped: &'s [Skipped],
}

/// Runs the command.
pub(super) fn run(arguments: &Scan) -> Result<ExitCode, Problem> {
    let options = ScanOptions { exclude: arguments.exclude.clone(), ignored: arguments.ignored };
    let baseline = match &arguments.baseline {
        Some(file) if !arguments.update_baseline => Some(read(file)?),
        _ => None,
    };
    let scanned = scan_path(&arguments.path, &options).map_err(|error| refused(&error))?;
    if let (Some(file), true) = (&arguments.baseline, arguments.update_baseline) {
        return update(file, &scanned);
    }
    let known = |one: &&Located| baseline.as_ref().is_some_and(|baseline| baseline.knows(one));
    let (known, findings): (Vec<&Located>, Vec<&Located>) = scanned.findings.iter().partition(known);
    let report = Report {
        schema: "iama.scan/1",
        files: scanned.files,
        bytes: scanned.bytes,
        findings,
        known: known.len(),
        skipped: &scanned.skipped,
    };
    show(&report, arguments)?;
    Ok(ExitCode::from(if report.findings.is_empty() { exit::OK } else { exit::NOT_DELIVERED }))
}

fn refused(error: &ScanError) -> Problem {
    let (code, hint) = match error {
        ScanError::Missing(_) => ("PATH_INVALID", "name a file or a folder that exists"),
        ScanError::Unreadable { .. } => ("SOURCE_REFUSED", "check its permissions"),
        ScanError::Pattern(_) => ("PATH_INVALID", "patterns look like `tests/**` or `**/generated_*.py`"),
    };
    bad_input(code, error.to_string(), hint)
}

fn read(file: &Path) -> Result<Baseline, Problem> {
    let shown = file.display();
    let hint = format!("make one with `iama scan PATH --baseline {shown} --update-baseline`");
    let text = fs::read_to_string(file).map_err(|error| match error.kind() {
        ErrorKind::NotFound => bad_input("BASELINE_MISSING", format!("there is no baseline {shown}"), hint.clone()),
        _ => io(format!("cannot read {shown}"), &error),
    })?;
    Baseline::read(&text).map_err(|error| bad_input("BASELINE_INVALID", format!("{shown}: {error}"), hint))
}

fn update(file: &Path, scanned: &Scanned) -> Result<ExitCode, Problem> {
    let baseline = Baseline::of(&scanned.findings);
    let text = baseline.write().map_err(|error| bad_input("BASELINE_INVALID", error.to_string(), ""))?;
    write_whole(file, text.as_bytes())?;
    tell!("{} written to {}", count(baseline.findings.len(), "finding"), file.display());
    Ok(ExitCode::SUCCESS)
}

fn show(report: &Report<'_>, arguments: &Scan) -> Result<(), Problem> {
    if arguments.json || arguments.sarif {
        let text = if arguments.json { serde_json::to_string_pretty(report) } else { of_sarif(report) };
        let text = text.map_err(|error| bad_input("EXPORT_FAILED", error.to_string(), ""))?;
        say!("{text}");
        return Ok(());
    }
    for one in &report.findings {
        let place =
            format!("{}:{}:{}", seen_from_here(&arguments.path, &one.path), one.finding.line, one.finding.column);
        let finding = &one.finding;
        say!(
            "{place}: {} {} {} {}",
            paint::warning(&finding.rule),
            finding.title,
            finding.redacted,
            paint::dim(&finding.hash)
        );
    }
    for one in report.skipped {
        tell!("not scanned: {}: {}", seen_from_here(&arguments.path, &one.path), one.reason.sentence());
    }
    let known = if report.known > 0 { format!(", {} known", report.known) } else { String::new() };
    tell!("{} in {}{known}", count(report.findings.len(), "finding"), count(report.files, "file"));
    Ok(())
}

fn of_sarif(report: &Report<'_>) -> Result<String, serde_json::Error> {
    let rules: BTreeMap<&str, &str> =
        report.findings.iter().map(|one| (one.finding.rule.as_str(), one.finding.title.as_str())).collect();
    let results = report.findings.iter().map(|one| {
        let finding = &one.finding;
        let message = format!("{} {} ({})", finding.title, finding.redacted, finding.hash);
        sarif::result(&finding.rule, "error", &message, &one.path, (Some(finding.line), Some(finding.column)))
    });
    let results: Vec<_> = results.collect();
    serde_json::to_string_pretty(&sarif::document(env!("CARGO_PKG_VERSION"), &rules, &results))
}

/// A path within what was scanned, as seen from the current folder.
fn seen_from_here(root: &Path, path: &str) -> String {
    if root.is_file() {
        return root.display().to_string();
    }
    let joined = root.join(path);
    joined.strip_prefix(".").unwrap_or(&joined).display().to_string()
}
