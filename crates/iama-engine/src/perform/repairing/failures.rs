//! What failed, by first cause: one import that cannot be had fails many tests and is one thing to mend.

use std::collections::{BTreeMap, BTreeSet};

use iama_baseline::{CaseError, Frame, Suite, TestId};
use serde::{Deserialize, Serialize};

/// Tests that fail for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cause {
    /// The class of the exception; empty for tests that did not run at all.
    pub(crate) class: String,
    /// Its message, without what differs from run to run.
    pub(crate) message: String,
    /// The innermost file of the project.
    pub(crate) file: Option<String>,
    /// The line there, from 1.
    pub(crate) line: Option<u32>,
    /// The function there.
    pub(crate) symbol: Option<String>,
    /// The way there through the project, of one of the tests.
    #[serde(default)]
    pub(crate) frames: Vec<Frame>,
    /// Whether nothing of the file could run.
    pub(crate) whole_file: bool,
    /// The tests, and the files of tests that cannot be read.
    pub(crate) tests: BTreeSet<String>,
}

/// The causes of what is worse than on the legacy side: what keeps whole files from running first, then by the number of tests.
pub(crate) fn causes(suite: &Suite, worse: &BTreeSet<String>) -> Vec<Cause> {
    let unread: BTreeMap<&str, &CaseError> =
        suite.collect_errors.iter().map(|error| (error.file.as_str(), &error.error)).collect();
    let mut causes: Vec<Cause> = Vec::new();
    for id in worse {
        let case = suite.cases.get(&TestId(id.clone()));
        let error = case.and_then(|case| case.error.as_ref());
        let of_file = unread.get(TestId(id.clone()).file()).copied();
        let cause = match (error, of_file) {
            (_, Some(error)) => cause_of(error, true),
            (Some(error), None) => cause_of(error, false),
            (None, None) => not_run(case.is_some()),
        };
        match causes.iter_mut().find(|known| known.is(&cause)) {
            Some(known) => {
                known.tests.insert(id.clone());
            }
            None => causes.push(Cause { tests: BTreeSet::from([id.clone()]), ..cause }),
        }
    }
    causes.sort_by_key(|cause| (!cause.whole_file, std::cmp::Reverse(cause.tests.len()), cause.tests.first().cloned()));
    causes
}

impl Cause {
    /// Whether two failures have one cause. A module that cannot be imported is the same wherever it is asked for; everything
    /// else is the same where it happens.
    fn is(&self, other: &Self) -> bool {
        let same = self.class == other.class && self.message == other.message;
        let here = self.file == other.file && (self.is_syntax() || self.symbol == other.symbol);
        same && (self.is_import() || here)
    }

    /// Nothing of such a file can run, so no function of it is the place.
    fn is_syntax(&self) -> bool {
        matches!(self.class.as_str(), "SyntaxError" | "IndentationError" | "TabError")
    }

    fn is_import(&self) -> bool {
        self.class.ends_with("ImportError") || self.class.ends_with("ModuleNotFoundError")
    }
}

fn cause_of(error: &CaseError, whole_file: bool) -> Cause {
    Cause {
        class: error.class.clone(),
        message: placeless(&steady(&error.message)).to_owned(),
        file: error.file.clone(),
        line: error.line,
        symbol: error.symbol.clone(),
        frames: error.frames.clone(),
        whole_file,
        tests: BTreeSet::new(),
    }
}

fn not_run(started: bool) -> Cause {
    let message = if started { "the test ended without a reason" } else { "the test was not run at all" };
    Cause { message: message.to_owned(), ..unknown() }
}

/// A cause of which nothing is told.
pub(super) const fn unknown() -> Cause {
    Cause {
        class: String::new(),
        message: String::new(),
        file: None,
        line: None,
        symbol: None,
        frames: Vec::new(),
        whole_file: false,
        tests: BTreeSet::new(),
    }
}

/// A message without addresses of objects and places of the machine, so that the same failure reads the same in every run.
fn steady(message: &str) -> String {
    let mut steady = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find("0x") {
        let (before, after) = rest.split_at(at + 2);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_hexdigit()).len();
        steady.push_str(before);
        steady.push_str(if digits >= 6 { "…" } else { &after[..digits] });
        rest = &after[digits..];
    }
    steady.push_str(rest);
    steady.split(' ').map(without_place).collect::<Vec<_>>().join(" ")
}

/// A message without the place at its end, as in ` (lib.py, line 5)`: the place is told beside it.
fn placeless(message: &str) -> &str {
    let at = message.rfind(" (").filter(|_| message.ends_with(')'));
    let place = at.and_then(|at| message[at..].strip_suffix(')')?.rsplit_once(", line "));
    let is_place = place.is_some_and(|(_, line)| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()));
    at.filter(|_| is_place).map_or(message, |at| &message[..at])
}

/// A word without the folders before a name in one of IAMA's own copies.
fn without_place(word: &str) -> String {
    let Some(at) = word.find("/.iama/jobs/") else { return word.to_owned() };
    let start = word[..at].find('/').unwrap_or(at);
    let inside = word[at + "/.iama/jobs/".len()..].splitn(3, '/').nth(2).unwrap_or_default();
    format!("{}{inside}", &word[..start])
}

#[cfg(test)]
mod tests {
    use iama_baseline::{Case, CollectError, Status};

    use super::*;

    fn error(class: &str, message: &str, file: &str, symbol: &str) -> CaseError {
        CaseError {
            class: class.into(),
            message: message.into(),
            file: Some(file.into()),
            line: Some(7),
            symbol: Some(symbol.into()),
            phase: "call".into(),
            ..CaseError::default()
        }
    }

    #[test]
    fn one_import_that_cannot_be_had_is_one_cause_however_many_files_ask_for_it() {
        let mut suite = Suite::default();
        for file in ["tests/test_a.py", "tests/test_b.py"] {
            let error = error("ModuleNotFoundError", "No module named 'sgmllib'", file, "<module>");
            suite.collect_errors.push(CollectError { file: file.into(), error });
        }
        let mut worse: BTreeSet<String> = (0..68).map(|n| format!("tests/test_a.py::test_{n}")).collect();
        worse.insert("tests/test_b.py".into());
        let failed = error("TypeError", "<A object at 0x7f00aa11bb22> is no str", "lib.py", "A.run");
        suite.cases.insert(TestId("tests/test_c.py::one".into()), Case { status: Status::Failed, error: Some(failed) });
        worse.insert("tests/test_c.py::one".into());
        let found: Vec<_> =
            causes(&suite, &worse).into_iter().map(|cause| (cause.class, cause.message, cause.tests.len())).collect();
        let expected =
            [("ModuleNotFoundError", "No module named 'sgmllib'", 69), ("TypeError", "<A object at 0x…> is no str", 1)];
        assert_eq!(found, expected.map(|(class, message, count)| (class.to_owned(), message.to_owned(), count)));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_one_cause_whoever_says_so() {
        let mut suite = Suite::default();
        let compiled = CaseError { symbol: None, ..error("SyntaxError", "bad print (lib.py, line 5)", "lib.py", "") };
        suite.collect_errors.push(CollectError { file: "lib.py".into(), error: compiled });
        let imported = error("SyntaxError", "bad print", "lib.py", "<module>");
        suite.collect_errors.push(CollectError { file: "test_lib.py".into(), error: imported });
        let worse = BTreeSet::from(["lib.py".to_owned(), "test_lib.py".to_owned()]);
        let found: Vec<_> =
            causes(&suite, &worse).into_iter().map(|cause| (cause.message, cause.tests.len())).collect();
        assert_eq!(found, [("bad print".to_owned(), 2)]);
        assert_eq!(placeless("no (line)"), "no (line)");
    }

    #[test]
    fn a_message_holds_nothing_of_the_run() {
        assert_eq!(steady("no file '/me/p/.iama/jobs/2026-1/result/data/x.txt' 0x1f"), "no file 'data/x.txt' 0x1f");
    }
}
