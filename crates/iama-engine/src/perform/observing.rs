//! Watching the types of values that the source does not decide, while the legacy code runs.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use iama_baseline::python::exercise::{self, Exercise};
use iama_baseline::python::recording::module_path;
use iama_baseline::python::run::{Request as SuiteRequest, observed as observed_types};
use iama_syntax::Span;

use super::Shop;
use super::testing::{Manner, Tested, not_run};
use crate::copies::copy_project;
use crate::driver::Progress;
use crate::problem::Problem;
use crate::records::{OBSERVED, Observed, WorkspaceRecord};

const SCRATCH: &str = "observed-run";

/// Marked code takes so many times longer.
const SLOWER: u32 = 3;

impl Shop<'_> {
    /// Runs tests and commands once more on legacy code whose undecided values are marked, and keeps the types that came by.
    /// How they end says nothing: marked code is slower and has other frames.
    pub(super) fn observe(&mut self, what: &Tested<'_>, tests: bool) -> Result<(), Problem> {
        (self.progress)(Progress::Stage("watching types on the legacy code"));
        let sites = self.mark()?;
        if sites.is_empty() {
            return self.folder.keep(OBSERVED, &Observed::new());
        }
        let what = Tested { scratch: SCRATCH, factor: what.factor.saturating_mul(SLOWER), ..*what };
        let mut seen: Vec<BTreeMap<usize, BTreeSet<String>>> = Vec::new();
        if tests && self.request.test_command.is_none() {
            self.run(&self.folder.legacy(), &what, true)?;
            seen.push(observed_types(&self.folder.file(SCRATCH)));
        }
        let generated = self.put_generated(&self.folder.legacy())?;
        if !generated.is_empty() {
            self.run_files(&self.folder.legacy(), &Tested { files: &generated, ..what }, Manner::Observed)?;
            seen.push(observed_types(&self.folder.file(SCRATCH)));
        }
        let commands: Vec<String> = self.request.exercise.iter().chain(&self.request.test_command).cloned().collect();
        if !commands.is_empty() {
            self.observe_commands(&what, &commands)?;
            seen.push(observed_types(&self.folder.file(SCRATCH)));
        }
        let mut observed: Observed = BTreeMap::new();
        let mut merged: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for (number, kinds) in seen.into_iter().flatten() {
            merged.entry(number).or_default().extend(kinds);
        }
        for (number, kinds) in merged {
            let Some((path, site)) = sites.get(number) else { continue };
            observed.entry(path.clone()).or_default().push(((site.start, site.end), kinds));
        }
        self.folder.keep(OBSERVED, &observed)
    }

    /// Makes a copy of the legacy code with marks. Gives what is marked, in the order of the marks.
    fn mark(&self) -> Result<Vec<(String, Span)>, Problem> {
        copy_project(&self.folder.root, &self.folder.legacy())?;
        let workspace: WorkspaceRecord = self.folder.read("workspace.json")?;
        let mut sites: Vec<(String, Span)> = Vec::new();
        for (path, state) in self.originals(workspace.files.keys())? {
            let Ok(text) = (self.pair.decode)(&state.bytes) else { continue };
            let Some(probed) = (self.pair.probe)(text.text(), sites.len()) else { continue };
            let Ok(bytes) = text.encode(&probed.text) else { continue };
            crate::folder::write_whole(&self.folder.legacy().join(&path), &bytes)?;
            sites.extend(probed.sites.into_iter().map(|site| (path.clone(), site)));
        }
        Ok(sites)
    }

    fn observe_commands(&self, what: &Tested<'_>, commands: &[String]) -> Result<(), Problem> {
        let (root, scratch) = (self.folder.legacy(), self.folder.file(what.scratch));
        let pythonpath = module_path(&root);
        let request = SuiteRequest {
            root: &root,
            scratch: &scratch,
            environment: what.environment,
            files: &[],
            pythonpath: &pythonpath,
            only: None,
            without: &BTreeSet::new(),
            per_test: Duration::from_secs(self.request.per_test_seconds).saturating_mul(what.factor),
            whole: Duration::from_secs(self.request.run_seconds).saturating_mul(what.factor),
            hidden: &self.machine.hidden,
            observe: true,
            seed: 0,
            recorder: None,
        };
        let fresh = || self.mark().map(drop).map_err(|problem| io::Error::other(problem.to_string()));
        let exercise = Exercise { commands, fresh: &fresh };
        let done = exercise::observe(&self.machine.sandbox, &request, &exercise);
        done.map_err(|error| not_run(&scratch, &error))
    }
}
