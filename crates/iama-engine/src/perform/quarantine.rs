//! Tests that a person leaves out, and modules that a person replaces by stand-ins: on both sides, for a reason, on record.

use std::collections::BTreeSet;

use iama_baseline::{Suite, TestId};
use iama_job::TestId as JobTestId;
use iama_job::outcome::RefusalCode;

use super::Shop;
use super::scenarios::id_of;
use crate::problem::Problem;
use crate::records::{SCENARIOS, ScenariosRecord};

impl Shop<'_> {
    /// The tests that the job leaves out, with those in quarantine.
    pub(super) fn left_out(&self, without: &[JobTestId]) -> Vec<JobTestId> {
        let own = self.request.quarantine.keys().map(|id| JobTestId(id.clone()));
        without.iter().cloned().chain(own).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What is in quarantine must exist, and something must be left that passes on the legacy code.
    pub(super) fn check_quarantine(&self, suite: &Suite) -> Result<(), Problem> {
        let quarantine = &self.request.quarantine;
        if quarantine.is_empty() || suite.ran_out {
            return Ok(());
        }
        let record: ScenariosRecord = self.folder.read_if_kept(SCENARIOS)?.unwrap_or_default();
        let scenarios: BTreeSet<TestId> = record.left_out.iter().map(|name| id_of(&record.label, name)).collect();
        let is_known = |id: &TestId| suite.left_out.contains(id) || scenarios.contains(id);
        if let Some(unknown) = quarantine.keys().find(|id| !is_known(&TestId((*id).clone()))) {
            return Err(Problem::input("QUARANTINE_UNKNOWN", format!("no test and no scenario is called {unknown:?}"))
                .hint("names are those of the report, as in `tests/test_a.py::Class::test_b`; start a new job with the right one"));
        }
        if suite.counts().passed == 0 {
            let code = RefusalCode::ZeroTestsLeft;
            return Err(Problem::input(
                code.code(),
                "with these tests in quarantine none is left that passes on the legacy code",
            )
            .hint(format!("{} Start a new job with fewer in quarantine.", code.hint())));
        }
        Ok(())
    }
}
