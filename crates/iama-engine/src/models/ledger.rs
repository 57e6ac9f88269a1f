//! The money of a job, a line for each request and one for what it came to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use iama_job::{QuoteId, RouteName};
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
        /// The confirmed price that it is paid from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quote: Option<QuoteId>,
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
    open: BTreeMap<u64, Request>,
    settled: Cost,
    /// What the requests that are over came to, by the confirmed price that they were paid from.
    by_quote: BTreeMap<QuoteId, Cost>,
    /// The calls that a request was made for.
    calls: BTreeSet<String>,
    last: u64,
}

/// A request that is not over.
struct Request {
    worst_case: Cost,
    quote: Option<QuoteId>,
}

impl Ledger {
    /// Opens a ledger, made if there is none. A last line that was cut short was never acted upon and is cut off.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let failed = |error: std::io::Error| cannot_write(path, &error);
        let file = OpenOptions::new().create(true).append(true).read(true).open(path).map_err(failed)?;
        let (open, by_quote, calls) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut ledger = Self { path: path.to_owned(), file, open, settled: Cost::ZERO, by_quote, calls, last: 0 };
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
            Line::Dispatch { number, call, worst_case, quote, .. } => {
                self.last = *number;
                self.calls.insert(call.clone());
                let worst_case = worst_case.unwrap_or(Cost::ZERO);
                self.open.insert(*number, Request { worst_case, quote: quote.clone() });
            }
            Line::Settle { number, cost } => {
                let Some(request) = self.open.remove(number) else { return };
                let cost = cost.unwrap_or(request.worst_case);
                self.settled = self.settled.plus(cost);
                if let Some(quote) = request.quote {
                    let known = self.by_quote.entry(quote).or_default();
                    *known = known.plus(cost);
                }
            }
        }
    }

    /// What was spent: a request that nobody settled counts at its worst case.
    pub(crate) fn spent(&self) -> Cost {
        self.open.values().fold(self.settled, |sum, request| sum.plus(request.worst_case))
    }

    /// What was paid from a confirmed price, by the same rule.
    pub(crate) fn spent_from(&self, quote: &QuoteId) -> Cost {
        let open = self.open.values().filter(|request| request.quote.as_ref() == Some(quote));
        open.fold(self.by_quote.get(quote).copied().unwrap_or_default(), |sum, request| sum.plus(request.worst_case))
    }

    /// Whether a request was made for a call.
    pub(crate) fn knows(&self, call: &str) -> bool {
        self.calls.contains(call)
    }

    /// Notes a request before it is sent, and gives its number.
    pub(crate) fn dispatch(
        &mut self,
        call: &str,
        quote: Option<&QuoteId>,
        route: &RouteName,
        worst_case: Option<Cost>,
    ) -> Result<u64, Problem> {
        let number = self.last + 1;
        let (call, route, quote) = (call.to_owned(), route.clone(), quote.cloned());
        self.append(&Line::Dispatch { number, call, route, worst_case, quote })?;
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
        let (route, quote) = (RouteName::from("a/b"), QuoteId::from("q"));
        let first = ledger.dispatch("1", None, &route, Some(cents(5))).unwrap();
        ledger.settle(first, Some(cents(2))).unwrap();
        ledger.dispatch("2", Some(&quote), &route, Some(cents(7))).unwrap();
        drop(ledger);
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"line\":\"set").unwrap();
        let mut again = Ledger::open(&path).unwrap();
        assert_eq!((again.spent(), again.spent_from(&quote)), (cents(9), cents(7)));
        again.settle(2, Some(cents(1))).unwrap();
        drop(again);
        let last = Ledger::open(&path).unwrap();
        assert_eq!((last.spent(), last.spent_from(&quote)), (cents(3), cents(1)));
    }
}
