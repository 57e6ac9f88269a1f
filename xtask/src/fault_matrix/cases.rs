//! What is broken, for how long, and what the router has to make of it.

use std::time::Duration;

use serde_json::{Value, json};

/// What the mock model says, one event for each word.
pub(super) const ANSWER: &str = "eins zwei drei vier fünf sechs sieben acht";
const WORDS: usize = 8;
/// What the router waits for, in seconds. What is late is later than that, what is slow is sooner.
pub(super) const PATIENCE: u64 = 2;
const LATE: f64 = 4.0;
const SLOW: f64 = 0.3;
/// Requests to one route for one call.
const TRIES: usize = 3;

/// A form of stream, and where the peer serves it.
pub(super) struct Form {
    pub(super) kind: &'static str,
    pub(super) path: &'static str,
    /// Events before the first word and after the last.
    before: usize,
    after: usize,
}

pub(super) const FORMS: [Form; 3] = [
    Form { kind: "anthropic", path: "/anthropic", before: 3, after: 3 },
    Form { kind: "openai", path: "/v1", before: 1, after: 3 },
    Form { kind: "gemini", path: "/gemini", before: 0, after: 0 },
];

/// How long a fault lasts, and with that who can judge what the router does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Round {
    /// One request.
    Once,
    /// Every request.
    Always,
    /// The peer takes a cut stream that is not asked for again for an accepted one; it is not asked.
    Alone,
}

/// What has to happen.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// Requests that fail, and their code.
    pub(super) failed: usize,
    pub(super) code: &'static str,
    pub(super) answered: bool,
    /// The pause that the peer asks for.
    pub(super) pause: Option<Duration>,
}

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) round: Round,
    pub(super) fault: String,
    pub(super) form: usize,
    /// Names the case to the peer.
    pub(super) model: String,
    behavior: Value,
    /// Whether text is shown as it comes.
    pub(super) live: bool,
    pub(super) expected: Expected,
}

impl Case {
    /// The orders for the peer.
    pub(super) fn script(&self) -> [Value; 2] {
        let mut fault = self.behavior.clone();
        fault["times"] = if self.round == Round::Once { 1.into() } else { Value::Null };
        fault["match"] = json!({"model": self.model});
        [json!({"type": "reply", "text": ANSWER, "times": null, "match": {"model": self.model}}), fault]
    }

    /// The requests that the peer counts as broken; slowness is none.
    pub(super) fn injected(&self) -> usize {
        let broken = matches!(self.behavior["type"].as_str(), Some("fail" | "stream_fault"));
        if broken { self.expected.failed } else { 0 }
    }
}

/// The cases in the order of the table.
#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, (round, live): (Round, bool), fault: &str, form: usize, behavior: Value, expected: Expected) {
        let model = format!("case-{}", self.0.len());
        self.0.push(Case { round, fault: fault.to_owned(), form, model, behavior, live, expected });
    }

    /// A fault that passes: once, and for good.
    fn passing(&mut self, fault: &str, form: usize, behavior: &Value, code: &'static str, pause: Option<Duration>) {
        let once = Expected { failed: 1, code, answered: true, pause };
        let always = Expected { failed: TRIES, answered: false, ..once.clone() };
        self.add((Round::Once, false), fault, form, behavior.clone(), once);
        self.add((Round::Always, false), fault, form, behavior.clone(), always);
    }

    fn statuses(&mut self, form: usize) {
        let status = |status: u16| json!({"type": "fail", "status": status});
        for (number, code) in [
            (400, "REJECTED"),
            (401, "KEY_REFUSED"),
            (403, "KEY_REFUSED"),
            (404, "REJECTED"),
            (413, "REJECTED"),
            (422, "REJECTED"),
        ] {
            let expected = Expected { failed: 1, code, answered: false, pause: None };
            self.add((Round::Once, false), &number.to_string(), form, status(number), expected);
        }
        for number in [408, 409, 425, 500, 502, 503, 504, 529] {
            // The peer sends a wait of a second with these.
            let pause = matches!(number, 503 | 504 | 529).then_some(Duration::from_secs(1));
            self.passing(&number.to_string(), form, &status(number), "OVERLOADED", pause);
        }
        let limited = |seconds: f64| json!({"type": "fail", "status": 429, "retry_after": seconds});
        self.passing("429 for 0.7 s", form, &limited(0.7), "RATE_LIMITED", Some(Duration::from_millis(700)));
        let expected = Expected { failed: 1, code: "RATE_LIMITED", answered: false, pause: None };
        self.add((Round::Always, false), "429 for 120 s", form, limited(120.0), expected);
    }

    /// Each kind of broken stream: at every event once, in the middle for good, and after a word was shown.
    fn streams(&mut self, form: usize) {
        let Form { before, after, .. } = FORMS[form];
        for (kind, code) in
            [("truncate", "TRUNCATED"), ("disconnect", "CONNECTION"), ("malformed", "MALFORMED"), ("stall", "SILENCE")]
        {
            let broken =
                |at: usize| json!({"type": "stream_fault", "kind": kind, "after_chunks": at, "stall_seconds": LATE});
            let once = Expected { failed: 1, code, answered: true, pause: None };
            for at in 0..before + WORDS + after {
                self.add((Round::Once, false), kind, form, broken(at), once.clone());
            }
            self.add((Round::Once, true), &format!("{kind}, nothing shown"), form, broken(before), once.clone());
            let always = Expected { failed: TRIES, answered: false, ..once.clone() };
            let round = if kind == "truncate" { Round::Alone } else { Round::Always };
            self.add((round, false), kind, form, broken(before + 2), always);
            let shown = Expected { answered: false, ..once };
            self.add((Round::Alone, true), &format!("{kind}, words shown"), form, broken(before + 2), shown);
        }
    }

    fn waits(&mut self, form: usize) {
        for (kind, name) in [("delay", "head"), ("slow_first_token", "first event")] {
            let late = json!({"type": kind, "seconds": LATE});
            self.passing(&format!("late {name}"), form, &late, "SILENCE", None);
            let expected = Expected { failed: 0, code: "OK", answered: true, pause: None };
            let slow = json!({"type": kind, "seconds": SLOW});
            self.add((Round::Once, false), &format!("slow {name}"), form, slow, expected);
        }
    }
}

impl Round {
    /// What the peer may warn of. A stream that it had sent to its end before the client hung up is a success to it, whatever was
    /// wrong in between; and it warns of what is given up after all.
    pub(super) fn bearable(self) -> &'static [&'static str] {
        match self {
            Self::Once => &["malformed_chunk_ignored"],
            Self::Always | Self::Alone => &["malformed_chunk_ignored", "gave_up", "no_backoff"],
        }
    }
}

/// Every fault for every form.
pub(super) fn all() -> Vec<Case> {
    let mut cases = Cases::default();
    for form in 0..FORMS.len() {
        // The late ones take longest, so they begin first.
        cases.waits(form);
        cases.statuses(form);
        cases.streams(form);
    }
    cases.0
}
