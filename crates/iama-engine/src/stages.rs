//! How long each step of a job took, as its user was told of it.

use iama_job::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::driver::Progress;
use crate::folder::JobFolder;
use crate::problem::Problem;

const NAME: &str = "stages.json";

/// The name of no step.
const REST: &str = "";

/// A step that began; nothing where another command took the job up, for nobody knows when the one before it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Began {
    stage: Option<String>,
    at: Timestamp,
}

/// A step and its seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// What was done.
    pub stage: String,
    /// All times that it was done together, waiting for answers included.
    pub seconds: f64,
}

/// Notes the steps of a job while it is driven.
pub(crate) struct Stages<'a> {
    folder: &'a JobFolder,
    clock: fn() -> Timestamp,
    rows: Vec<Began>,
}

impl<'a> Stages<'a> {
    /// Goes on with what is known of the job.
    pub(crate) fn open(folder: &'a JobFolder, clock: fn() -> Timestamp) -> Result<Self, Problem> {
        let mut rows: Vec<Began> = folder.read_if_kept(NAME)?.unwrap_or_default();
        if !rows.is_empty() {
            rows.push(Began { stage: None, at: clock() });
        }
        Ok(Self { folder, clock, rows })
    }

    /// A note that cannot be kept is no reason to stop.
    pub(crate) fn take(&mut self, progress: &Progress<'_>) {
        if let Progress::Stage(stage) = progress {
            self.begin(stage);
        }
    }

    /// The step that is at work ends here, and what follows is none.
    pub(crate) fn rest(&mut self) {
        if self.rows.last().is_some_and(|row| row.stage.as_deref().is_some_and(|stage| stage != REST)) {
            self.begin(REST);
        }
    }

    fn begin(&mut self, stage: &str) {
        self.rows.push(Began { stage: Some(stage.to_owned()), at: (self.clock)() });
        let _ = self.folder.keep(NAME, &self.rows);
    }
}

/// The steps in the order in which they were first begun, until `end`.
pub(crate) fn of(folder: &JobFolder, end: Option<Timestamp>) -> Result<Vec<Stage>, Problem> {
    let rows: Vec<Began> = folder.read_if_kept(NAME)?.unwrap_or_default();
    Ok(sums(&rows, end))
}

fn sums(rows: &[Began], end: Option<Timestamp>) -> Vec<Stage> {
    let ends = rows.iter().skip(1).map(|next| next.stage.is_some().then_some(next.at)).chain([end]);
    let mut found: Vec<Stage> = Vec::new();
    for (row, end) in rows.iter().zip(ends) {
        let (Some(stage), Some(end)) = (row.stage.as_ref().filter(|stage| *stage != REST), end) else { continue };
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one job")]
        let seconds = (end.0 - row.at.0).max(0) as f64 / 1000.0;
        match found.iter_mut().find(|known| known.stage == *stage) {
            Some(known) => known.seconds += seconds,
            None => found.push(Stage { stage: stage.clone(), seconds }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_summed_and_what_an_interruption_cut_short_is_left_out() {
        let row = |stage: Option<&str>, at: i64| Began { stage: stage.map(str::to_owned), at: Timestamp(at) };
        let rows = [
            row(Some("read"), 0),
            row(Some("test"), 500),
            row(Some("read"), 1500),
            row(Some("write"), 2000),
            row(None, 90_000),
            row(Some("write"), 90_000),
        ];
        let stage = |stage: &str, seconds: f64| Stage { stage: stage.to_owned(), seconds };
        let expected = [stage("read", 1.0), stage("test", 1.0), stage("write", 0.25)];
        assert_eq!(sums(&rows, Some(Timestamp(90_250))), expected);
        assert_eq!(sums(&rows[..2], None), [stage("read", 0.5)]);
    }
}
