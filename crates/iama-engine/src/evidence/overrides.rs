//! What a person left out or replaced, and what follows from it: it is on record, and no result with it is proven whole.

use std::fs;

use iama_job::journal::Record;
use iama_job::{Decision, Event, Job};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Side, Unproven, moment};
use crate::driver::{MOCK, QUARANTINE};
use crate::perform::Shop;
use crate::records::WorkspaceRecord;
use crate::request::Request;

/// One test that was left out, or one module that was replaced.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct OverridePart {
    /// `QUARANTINE` or `MOCK_OVERRIDE`.
    code: &'static str,
    /// The test or the module.
    name: String,
    why: String,
    by: String,
    at: String,
}

/// Why a test is left out that somebody gave up waiting for.
const SLOW: &str = "the tests ran out of time";

/// All that came with the request, and what was left out since.
pub(super) fn part(request: &Request, records: &[Record]) -> Vec<OverridePart> {
    let by = request.person.clone().unwrap_or_else(|| "person".to_owned());
    let row = |code: &'static str| {
        let by = by.clone();
        move |(name, why): (&String, &String)| OverridePart {
            code,
            name: name.clone(),
            why: why.clone(),
            by: by.clone(),
            at: moment(request.created),
        }
    };
    let given = request.quarantine.iter().map(row(QUARANTINE)).chain(request.mock.iter().map(row(MOCK)));
    let since = records.iter().filter_map(|record| match &record.event {
        Event::Decision(Decision::SkipOrQuarantineTest { tests } | Decision::Quarantine { tests }) => {
            Some((record.at, tests))
        }
        _ => None,
    });
    let since = since.flat_map(|(at, tests)| tests.iter().map(move |test| (at, test.0.clone())));
    given
        .chain(since.map(|(at, name)| OverridePart {
            code: QUARANTINE,
            name,
            why: SLOW.to_owned(),
            by: by.clone(),
            at: moment(at),
        }))
        .collect()
}

/// A test that was left out shows nothing; what a stand-in did says nothing about the module that it stands for.
pub(super) fn gaps(shop: &Shop<'_>, job: &Job, workspace: &WorkspaceRecord) -> Vec<Unproven> {
    let request = shop.request;
    let since = job.tests.left_out.iter().map(|test| (&test.0, SLOW));
    let given = request.quarantine.iter().map(|(test, why)| (test, why.as_str()));
    let quarantine = given.chain(since).map(|(test, why)| {
        let (file, symbol) = test.split_once("::").unwrap_or((test, ""));
        let symbol = (!symbol.is_empty()).then(|| symbol.to_owned());
        let why = format!("this test was left out on both sides: {why}");
        Unproven { file: file.to_owned(), line: 1, side: Side::Old, symbol, why }
    });
    let mut rows: Vec<Unproven> = quarantine.collect();
    if request.mock.is_empty() {
        return rows;
    }
    for path in workspace.files.keys() {
        let text = fs::read(shop.folder.root.join(path)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        for (number, line) in (1..).zip(text.lines()) {
            let imported = request.mock.iter().find(|(module, _)| imports(line, module));
            rows.extend(imported.map(|(module, why)| Unproven {
                file: path.clone(),
                line: number,
                side: Side::Old,
                symbol: None,
                why: format!("tests ran with a stand-in for {module}: {why}"),
            }));
        }
    }
    rows
}

/// Whether a line imports a module, or something of it.
fn imports(line: &str, module: &str) -> bool {
    let line = line.trim_start();
    let Some(rest) = line.strip_prefix("import ").or_else(|| line.strip_prefix("from ")) else { return false };
    let names = if line.starts_with("from ") { rest.split(" import").next().unwrap_or(rest) } else { rest };
    let first = |name: &str| name.trim().split([' ', '.']).next() == Some(module);
    names.split(',').any(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_imports_a_module_by_its_first_part_alone() {
        for line in ["import ldap", "    from ldap.filter import x", "import os, ldap as l", "import ldap.modlist"] {
            assert!(imports(line, "ldap"), "{line}");
        }
        for line in ["import ldap3", "from os import ldap", "# import ldap", "from .ldap import x"] {
            assert!(!imports(line, "ldap"), "{line}");
        }
    }
}
