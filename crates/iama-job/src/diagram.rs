//! The transition table as a document: `docs/job-states.md` is drawn from it, and a test fails when they differ.

use crate::event::EventKind;
use crate::outcome::{RefusalCode, Stale};
use crate::place::{Place, StateKind};
use crate::policy::timers::Timers;
use crate::table::{Group, Row, TABLE};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

type Edges<Node> = BTreeMap<(Node, Node), BTreeSet<EventKind>>;

/// The whole document.
pub fn document() -> String {
    let mut text = String::from(
        "# The states of a job\n\n\
         Drawn from the transition table (`crates/iama-job/src/table.rs`); a test fails when they differ. Decisions on \
         edges that the design leaves open stand beside the table.\n\n\
         Left out of the diagrams, because they are the same everywhere, are the shared moves below.\n\n",
    );
    text.push_str("```mermaid\n");
    text.push_str(&overview());
    text.push_str("```\n\n");
    shared_moves(&mut text);
    inner_diagrams(&mut text);
    places(&mut text);
    codes(&mut text);
    text
}

/// The states and the events between them, as a Mermaid diagram.
pub fn overview() -> String {
    let mut edges: Edges<StateKind> = BTreeMap::new();
    for row in TABLE.iter().filter(|row| row.place != Place::HeartbeatLost) {
        own_edges(row, |from, to, on| {
            if from.kind() != to.kind() {
                edges.entry((from.kind(), to.kind())).or_default().insert(on);
            }
        });
    }
    let mut text = String::from("stateDiagram-v2\n    [*] --> PENDING\n");
    draw(&mut text, &edges, |kind| kind.code().to_owned());
    text.push_str("    CLIENT_HEARTBEAT_LOST --> FAILED: TIMER_FIRED, FORCE_TERMINATE, INFRA_FAILED\n");
    text.push_str("    DELIVERED --> [*]\n    FAILED --> [*]\n");
    text
}

fn own_edges(row: &Row, mut edge: impl FnMut(Place, Place, EventKind)) {
    for found in row.moves {
        for &to in found.to {
            edge(row.place, to, found.on);
        }
    }
}

fn draw<Node>(text: &mut String, edges: &Edges<Node>, name: impl Fn(&Node) -> String) {
    for ((from, to), events) in edges {
        let events: Vec<&str> = events.iter().map(|event| event.code()).collect();
        let _ = writeln!(text, "    {} --> {}: {}", name(from), name(to), events.join(", "));
    }
}

fn shared_moves(text: &mut String) {
    text.push_str("## Shared moves\n\n| where | event | leads to |\n| --- | --- | --- |\n");
    let groups = [
        (Group::Live, "every state that is not over"),
        (Group::Working, "every step in which something is worked on"),
        (Group::Paid, "every step in which a model may be at work"),
        (Group::Executing, "from GENERATING_TESTS until the job is over, retreats or waits for a lost client"),
    ];
    for (group, place) in groups {
        for found in group.moves() {
            let to: Vec<&str> = found.to.iter().map(|to| to.kind().code()).collect();
            let _ = writeln!(text, "| {place} | {} | {} |", found.on, to.join(", "));
        }
    }
    text.push_str("| CLIENT_HEARTBEAT_LOST | HEARTBEAT_RESTORED | the very step that was left |\n\n");
}

fn inner_diagrams(text: &mut String) {
    text.push_str("## Inside the states\n\n");
    for kind in StateKind::ALL {
        let mut edges: Edges<Place> = BTreeMap::new();
        for row in TABLE.iter().filter(|row| row.place.kind() == *kind) {
            own_edges(row, |from, to, on| {
                if to.kind() == *kind && from.code().contains('.') {
                    edges.entry((from, to)).or_default().insert(on);
                }
            });
        }
        if edges.is_empty() {
            continue;
        }
        let _ = write!(text, "### {kind}\n\n```mermaid\nstateDiagram-v2\n");
        draw(text, &edges, |place| step_name(*place).to_owned());
        text.push_str("```\n\n");
    }
}

fn step_name(place: Place) -> &'static str {
    place.code().split_once('.').map_or(place.code(), |(_, step)| step)
}

fn places(text: &mut String) {
    text.push_str(
        "## Every step\n\n\
         Events that a row does not name are refused (decisions) or ignored (results, signals), with the codes below. \
         Waits are the platform's; on the user's own machine nothing expires.\n\n\
         | step | waits at most | heartbeats | events |\n| --- | --- | --- | --- |\n",
    );
    let timers = Timers::server();
    for row in TABLE {
        let wait = row.place.deadline().and_then(|kind| Some((kind, timers.wait(kind)?)));
        let wait = wait.map_or(String::new(), |(kind, wait)| format!("{} s ({kind})", wait.as_secs()));
        let beats = if row.place.is_working() { "yes" } else { "" };
        let _ = writeln!(text, "| {} | {wait} | {beats} | {} |", row.place, listed(row));
    }
    text.push('\n');
}

fn listed(row: &Row) -> String {
    let own = row.moves.iter().map(|found| {
        let to: Vec<&str> = found.to.iter().map(|to| destination(row.place, *to)).collect();
        let to = if row.place == Place::HeartbeatLost && to.len() > 1 {
            "the step that was left".to_owned()
        } else {
            to.join(" / ")
        };
        format!("{} → {to}", found.on)
    });
    let shared = row.groups.iter().flat_map(|group| group.moves()).map(|found| found.on.code().to_owned());
    own.chain(shared).collect::<Vec<_>>().join("; ")
}

fn destination(from: Place, to: Place) -> &'static str {
    if from.kind() == to.kind() { step_name(to) } else { to.code() }
}

fn codes(text: &mut String) {
    text.push_str("## Refusals\n\n| code | hint |\n| --- | --- |\n");
    for code in RefusalCode::ALL {
        let _ = writeln!(text, "| {code} | {} |", code.hint());
    }
    text.push_str("\n## Ignored events\n\n| code | when |\n| --- | --- |\n");
    for code in Stale::ALL {
        let _ = writeln!(text, "| {code} | {} |", code.meaning());
    }
}
