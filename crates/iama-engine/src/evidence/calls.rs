//! What models were asked, and what it cost: from the events of the calls, which hold no text of them.

use std::collections::BTreeMap;
use std::fs;

use iama_model::{AuditEvent, Cost};
use schemars::JsonSchema;
use serde::Serialize;

use crate::folder::{JobFolder, cannot_read};
use crate::models::{CALLS, Ledger, SPENDING};
use crate::problem::Problem;

/// All calls of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct CallsPart {
    calls: usize,
    requests: usize,
    /// In millionths of a dollar; requests without an answer at their worst case.
    spent_microdollars: u64,
    routes: Vec<RoutePart>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
struct RoutePart {
    class: String,
    route: String,
    calls: usize,
    answered: usize,
    prompt_tokens: u64,
    answer_tokens: u64,
    /// Nothing where a price is not known.
    cost_microdollars: Option<u64>,
    /// Names and hashes of the templates.
    templates: Vec<String>,
}

impl CallsPart {
    /// What left the machine, in a sentence for each route.
    pub(super) fn left_machine(&self) -> impl Iterator<Item = String> {
        self.routes.iter().map(|route| {
            format!("source files and failures of tests that {} calls to {} were about", route.calls, route.route)
        })
    }

    pub(super) fn requests(&self) -> u32 {
        u32::try_from(self.requests).unwrap_or(u32::MAX)
    }
}

/// The calls; nothing when none was made.
pub(super) fn read(folder: &JobFolder) -> Result<Option<CallsPart>, Problem> {
    let path = folder.file(CALLS);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot_read(&path, &error)),
    };
    // A last line cut off by a crash belongs to a call that was made again.
    let events: Vec<AuditEvent> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let spent_microdollars = Ledger::open(&folder.file(SPENDING))?.spent().microdollars();
    let requests = events.iter().map(|event| event.tries.len()).sum();
    Ok(Some(CallsPart { calls: events.len(), requests, spent_microdollars, routes: routes(&events) }))
}

fn routes(events: &[AuditEvent]) -> Vec<RoutePart> {
    let mut rows: BTreeMap<(String, String), RoutePart> = BTreeMap::new();
    for event in events {
        let Some(route) = &event.route else { continue };
        let key = (event.class.to_string(), route.0.clone());
        let row = rows.entry(key.clone()).or_insert_with(|| RoutePart {
            class: key.0,
            route: key.1,
            calls: 0,
            answered: 0,
            prompt_tokens: 0,
            answer_tokens: 0,
            cost_microdollars: Some(0),
            templates: Vec::new(),
        });
        row.calls += 1;
        row.answered += usize::from(event.outcome == "OK");
        row.prompt_tokens += event.tokens.prompt();
        row.answer_tokens += event.tokens.output;
        row.cost_microdollars =
            row.cost_microdollars.zip(event.cost.map(Cost::microdollars)).map(|(sum, cost)| sum + cost);
        let template = format!("{} {}", event.template.name, event.template.hash);
        if !row.templates.contains(&template) {
            row.templates.push(template);
        }
    }
    rows.into_values().collect()
}
