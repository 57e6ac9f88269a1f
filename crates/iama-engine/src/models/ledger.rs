//! The money of a job, a line for each request and one for what it came to.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use iama_job::RouteName;
use iama_model::{AuditEvent, Cost};
use serde::{Deserialize, Serialize};

use crate::folder::{JobFolder, cannot_read, cannot_write};
use crate::problem::Problem;

/// The ledger's file.
pub(crate) const SPENDING: &str = "spending.jsonl";

/// The events of the calls, one a line.
pub(crate) const CALLS: &str = "calls.jsonl";

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub(crate) enum Line {
    /// A request is about to be sent.
    Dispatch {
        /// Its number in the job, from 1.
        number: u64,
        /// The call.
        call: String,
        /// To whom.
        route: RouteName,
        /// The most that it can cost; none without a price.
        worst_case: Option<Cost>,
    },
    /// A request is over.
    Settle {
        /// Which.
        number: u64,
        /// What it cost.
        cost: Option<Cost>,
    },
}

/// An event of a call with the call's name.
#[derive(Serialize)]
struct Named<'a> {
    call: &'a str,
    #[serde(flatten)]
    event: &'a AuditEvent,
}

/// The ledger. A line is on the disk when its method returns.
pub(crate) struct Ledger {
    path: PathBuf,
    file: File,
    open: BTreeMap<u64, Cost>,
    settled: Cost,
    last: u64,
}

impl Ledger {
    /// Opens a ledger, made if there is none. A last line that was cut short was never acted upon and is cut off.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let failed = |error: std::io::Error| cannot_write(path, &error);
        let file = OpenOptions::new().create(true).append(true).read(true).open(path).map_err(failed)?;
        let mut ledger = Self { path: path.to_owned(), file, open: BTreeMap::new(), settled: Cost::ZERO, last: 0 };
        let mut whole = 0;
        let mut reader = BufReader::new(File::open(path).map_err(|error| cannot_read(path, &error))?);
        let mut text = String::new();
        while reader.read_line(&mut text).map_err(|error| cannot_read(path, &error))? > 0 {
            if !text.ends_with('\n') {
                break;
            }
            let line = serde_json::from_str(&text).map_err(|error| damaged(path, &error))?;
            ledger.count(&line);
            whole += u64::try_from(text.len()).unwrap_or(u64::MAX);
            text.clear();
        }
        ledger.file.set_len(whole).map_err(failed)?;
        Ok(ledger)
    }

    fn count(&mut self, line: &Line) {
        match line {
            Line::Dispatch { number, worst_case, .. } => {
                self.last = *number;
                self.open.insert(*number, worst_case.unwrap_or(Cost::ZERO));
            }
            Line::Settle { number, cost } => {
                if let Some(worst_case) = self.open.remove(number) {
                    self.settled = self.settled.plus(cost.unwrap_or(worst_case));
                }
            }
        }
    }

    /// What was spent: a request that nobody settled counts at its worst case.
    pub(crate) fn spent(&self) -> Cost {
        self.open.values().fold(self.settled, |sum, cost| sum.plus(*cost))
    }

    /// Notes a request before it is sent, and gives its number.
    pub(crate) fn dispatch(&mut self, call: &str, route: &RouteName, worst_case: Option<Cost>) -> Result<u64, Problem> {
        let number = self.last + 1;
        self.append(&Line::Dispatch { number, call: call.to_owned(), route: route.clone(), worst_case })?;
        Ok(number)
    }

    /// Notes what a request cost.
    pub(crate) fn settle(&mut self, number: u64, cost: Option<Cost>) -> Result<(), Problem> {
        self.append(&Line::Settle { number, cost })
    }

    fn append(&mut self, line: &Line) -> Result<(), Problem> {
        let write = |file: &mut File| -> std::io::Result<()> {
            let mut text = serde_json::to_vec(line)?;
            text.push(b'\n');
            file.write_all(&text)?;
            file.sync_data()
        };
        write(&mut self.file).map_err(|error| cannot_write(&self.path, &error))?;
        self.count(line);
        Ok(())
    }
}

/// Keeps the event of a call.
pub(crate) fn keep_event(folder: &JobFolder, call: &str, event: &AuditEvent) -> Result<(), Problem> {
    let path = folder.file(CALLS);
    let write = || -> std::io::Result<()> {
        let mut text = serde_json::to_vec(&Named { call, event })?;
        text.push(b'\n');
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.write_all(&text)?;
        file.sync_data()
    };
    write().map_err(|error| cannot_write(&path, &error))
}

fn damaged(path: &Path, error: &serde_json::Error) -> Problem {
    Problem::input("LEDGER_DAMAGED", format!("{} cannot be understood: {error}", path.display()))
        .hint("what the job has spent cannot be told any more; start a new job")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_settled_counts_at_its_worst_case_for_whoever_comes_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SPENDING);
        let cents = |cents: u64| Cost::from_microdollars(cents * 10_000);
        let mut ledger = Ledger::open(&path).unwrap();
        let route = RouteName::from("a/b");
        let first = ledger.dispatch("1", &route, Some(cents(5))).unwrap();
        ledger.settle(first, Some(cents(2))).unwrap();
        ledger.dispatch("2", &route, Some(cents(7))).unwrap();
        drop(ledger);
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"line\":\"set").unwrap();
        let mut again = Ledger::open(&path).unwrap();
        assert_eq!(again.spent(), cents(9));
        again.settle(2, Some(cents(1))).unwrap();
        drop(again);
        assert_eq!(Ledger::open(&path).unwrap().spent(), cents(3));
    }
}
