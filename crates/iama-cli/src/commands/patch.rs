//! `iama patch`.

use std::fs;
use std::process::ExitCode;

use iama_patch::disk::{self, DiskError};
use iama_patch::{Patch as Document, Report};

use crate::args::{Patch, PatchFile, PatchInvert};
use crate::out::{count, say};
use crate::paint;
use crate::problem::{Problem, bad_input, exit, io};

/// Runs one of the patch commands.
pub(super) fn run(command: &Patch) -> Result<ExitCode, Problem> {
    match command {
        Patch::Apply(options) => apply(options, options.dry_run),
        Patch::Check(options) => apply(options, true),
        Patch::Invert(options) => invert(options),
    }
}

fn read(options: &PatchInvert) -> Result<Document, Problem> {
    let shown = options.patch.display();
    let bytes = fs::read(&options.patch).map_err(|error| io(format!("cannot read {shown}"), &error))?;
    Document::from_json(&bytes).map_err(|error| bad_input(error.code(), format!("{shown}: {error}"), error.hint()))
}

fn on_disk(error: &DiskError) -> Problem {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    bad_input(error.code(), format!("{error}{cause}"), error.hint())
}

fn apply(options: &PatchFile, dry_run: bool) -> Result<ExitCode, Problem> {
    let patch = read(&options.input)?;
    let application = disk::apply_to_dir(&patch, &options.input.root, dry_run).map_err(|error| on_disk(&error))?;
    let report = Report::from(&application);
    if options.json {
        let text = serde_json::to_string(&report).map_err(|error| io("cannot write the report", &error.into()))?;
        say!("{text}");
    } else {
        show(&report, dry_run);
    }
    Ok(ExitCode::from(if report.applied { exit::OK } else { exit::NOT_DELIVERED }))
}

fn show(report: &Report, dry_run: bool) {
    for outcome in &report.outcomes {
        let place = paint::place(format!("{} {}", outcome.path, outcome.id));
        say!("{place}  {}  {}", outcome.code(), outcome.outcome.message());
        let hint = outcome.outcome.hint();
        if !outcome.is_applied() && !hint.is_empty() {
            say!("  {}: {hint}", paint::dim("hint"));
        }
    }
    let files = count(report.changed.len(), "file");
    match (report.applied, dry_run) {
        (true, false) => say!("{}", paint::strong(format!("{files} changed"))),
        (true, true) => say!("{}", paint::strong(format!("{files} would change"))),
        (false, _) => say!("{}", paint::strong("nothing was changed")),
    }
}

fn invert(options: &PatchInvert) -> Result<ExitCode, Problem> {
    let patch = read(options)?;
    let inverse = disk::invert_in_dir(&patch, &options.root).map_err(|error| on_disk(&error))?;
    let inverse = inverse.map_err(|error| {
        bad_input("PATCH_REFUSED", error.to_string(), "`iama patch check` says which operations do not land")
    })?;
    let text = serde_json::to_string_pretty(&inverse).map_err(|error| io("cannot write the patch", &error.into()))?;
    say!("{text}");
    Ok(ExitCode::SUCCESS)
}
