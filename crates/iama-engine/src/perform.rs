//! Carries out what the machine asks for. Everything here may be run twice: a process can die between an effect and the record
//! of its result.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::Path;

use iama_job::effect::SealScope;
use iama_job::event::BaselineOutcome;
use iama_job::policy::baseline::EditMode;
use iama_job::{ArtifactId, Dispatch, Effect, EffectResult, Job, State};
use iama_patch::{FileState, Files};
use iama_recipes::Pair;
use iama_source::context::Index;
use sha2::{Digest as _, Sha256};

use crate::driver::Progress;
use crate::folder::{JobFolder, cannot_read};
use crate::manifest::Manifest;
use crate::models::{Caller, Desk};
use crate::problem::Problem;
use crate::proposals::Proposal;
use crate::records::{ScopeRecord, WorkspaceRecord};
use crate::request::{Machine, Request};
use crate::shelf::Shelf;
use crate::spec::revise;

mod analyse;
mod asking;
pub(crate) mod behaviour;
mod copying;
mod generating;
mod halfway;
mod observing;
mod planning;
mod quarantine;
pub(crate) mod repairing;
pub(crate) mod rewriting;
pub(crate) mod scenarios;
mod strength;
mod testing;
mod uncovered;

pub(crate) use copying::PARTIAL;
pub(crate) use generating::is_generated;
pub(crate) use testing::{environment_for, not_run, regressions, run_tests_in};

/// From this share of places that may mean something else on, a person should think twice.
const COMPLEX_PERCENT: usize = 10;

/// One job's workshop.
pub(crate) struct Shop<'a> {
    pub(crate) folder: &'a JobFolder,
    pub(crate) request: &'a Request,
    pub(crate) machine: &'a Machine,
    pub(crate) pair: &'static Pair,
    pub(crate) progress: &'a mut dyn FnMut(Progress<'_>),
    /// Who makes the calls of the job; nothing where no model is to be had.
    pub(crate) caller: Option<Caller<'a>>,
    /// The calls of the job, from the first one on.
    pub(crate) desk: Option<Desk<'a>>,
    /// What is known of the source, for the next call.
    pub(crate) shelf: Shelf,
}

/// What came of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Done {
    /// Its answer.
    Result(EffectResult),
    /// None: one more call could cost more than is left.
    CreditsExhausted,
    /// None: nobody waits for one, or a person wants to stop.
    Nothing,
}

impl<'a> Shop<'a> {
    /// The workshop of a job whose models are those of this machine.
    pub(crate) fn open(
        folder: &'a JobFolder,
        machine: &'a Machine,
        request: &'a Request,
        progress: &'a mut dyn FnMut(Progress<'_>),
    ) -> Result<Self, Problem> {
        let (pair, caller) = (request.pair()?, machine.models.as_ref().map(Caller::Own));
        Ok(Self { folder, request, machine, pair, progress, caller, desk: None, shelf: Shelf::default() })
    }

    /// Does something with the index of these files as they are now.
    fn with_index<T>(
        &mut self,
        root: &Path,
        paths: impl IntoIterator<Item = String>,
        act: impl FnOnce(&Self, &Index) -> T,
    ) -> T {
        let mut shelf = std::mem::take(&mut self.shelf);
        let found = act(self, shelf.index(root, paths));
        self.shelf = shelf;
        found
    }

    /// The calls of the job.
    pub(crate) fn desk(&mut self, job: &Job) -> Result<&mut Desk<'a>, Problem> {
        if self.desk.is_none() {
            let caller = self.caller.ok_or_else(no_models)?;
            let cap = self.request.max_cost;
            let desk = Desk::open(caller, self.folder, job.entitlement.clone(), cap, &self.machine.sandbox)?;
            self.desk = Some(desk);
        }
        self.desk.as_mut().ok_or_else(no_models)
    }
}

fn no_models() -> Problem {
    Problem::input("MODELS_MISSING", "the job was started with models, and none is configured now")
        .hint("put `[models]` back into your settings, or name the recording with --replay; then `iama jobs resume`")
}

impl Shop<'_> {
    /// Carries an effect out.
    pub(crate) fn perform(&mut self, job: &Job, dispatch: &Dispatch) -> Result<Done, Problem> {
        let usage = iama_job::event::Usage::default();
        let effect = &dispatch.effect;
        Ok(Done::Result(match effect {
            Effect::Preflight => EffectResult::PreflightDone { dirty: self.preflight()? },
            Effect::BuildContext { .. } if matches!(job.state, State::Analyzing { .. }) => {
                let (tokens, confidence) = self.build_context()?;
                EffectResult::ContextBuilt { tokens, confidence }
            }
            Effect::BuildContext { .. } => {
                let confidence = self.scope()?.confidence.score;
                EffectResult::ContextBuilt { tokens: self.measure_case(job)?, confidence }
            }
            Effect::AnalyseScope { .. } => return self.analyse_scope(job),
            Effect::WriteReport { .. } => {
                let proposals: Vec<Proposal> = self.folder.read("proposals.json")?;
                self.write_analysis(&proposals)?;
                EffectResult::ReportDone { usage }
            }
            Effect::Propose { .. } => return self.write_proposals(job, &dispatch.id),
            Effect::DraftSpec { strategy, .. } => return self.write_spec(job, *strategy),
            Effect::GenerateTests { .. } => return self.generate_tests(job, dispatch),
            Effect::RunBaseline { time_factor, without, .. } => {
                EffectResult::BaselineDone { outcome: self.run_baseline(*time_factor, without)? }
            }
            Effect::MigrateTests => {
                self.carry_tests(job)?;
                EffectResult::TestsMigrated
            }
            _ => return self.rewrite_or_deliver(job, dispatch),
        }))
    }

    fn rewrite_or_deliver(&mut self, job: &Job, dispatch: &Dispatch) -> Result<Done, Problem> {
        let usage = iama_job::event::Usage::default();
        Ok(Done::Result(match &dispatch.effect {
            // Recorded tests were sealed as they were written; the existing ones are once they are carried over.
            Effect::SealTests { scope: SealScope::Own } => {
                self.check_own_seal()?;
                EffectResult::TestsSealed
            }
            Effect::SealTests { scope: SealScope::Migrated } => {
                self.seal()?;
                EffectResult::TestsSealed
            }
            // Recipes edit exact places of one text and never by symbol, so both ways of editing are open to them.
            Effect::RunRecipes { strategy, safe_mode, edits: EditMode::AstSymbolic | EditMode::ExactOnly } => {
                let patch = self.run_recipes(*strategy, *safe_mode)?;
                EffectResult::PatchGenerated { patch, usage }
            }
            Effect::GeneratePatch { .. } => return self.generate_patch(job, dispatch),
            Effect::Quote { class } => self.quote(job, dispatch, *class)?,
            Effect::ApplyPatch { patch } => self.apply_patch(&dispatch.id, patch)?,
            Effect::RunTests { time_factor, without } => {
                if matches!(job.state, State::UserIntervening { .. }) {
                    self.note_own_edits(&dispatch.id)?;
                }
                EffectResult::TestsRun { outcome: self.run_result(*time_factor, without)? }
            }
            Effect::RestoreWorkspace { to } => self.restore(&dispatch.id, *to)?,
            Effect::PackPartial => {
                self.note_own_edits(&dispatch.id)?;
                EffectResult::PartialPacked { patch: self.pack(PARTIAL)? }
            }
            Effect::PrepareDelivery => {
                self.pack("patch.json")?;
                EffectResult::DeliveryPrepared { complex: self.is_complex()? }
            }
            Effect::RetestSelection { selection } => EffectResult::TestsRun { outcome: self.retest(selection)? },
            Effect::ApplyDelivery { selection } => self.apply_delivery(selection)?,
            Effect::RevertDelivery { selection } => self.revert_delivery(selection)?,
            _ => return Ok(Done::Nothing),
        }))
    }

    /// The files of the workspace as the job found them; a file that has changed since is an error, never a guess.
    pub(crate) fn originals<'p>(&self, paths: impl IntoIterator<Item = &'p String>) -> Result<Files, Problem> {
        let known: WorkspaceRecord = self.folder.read("workspace.json")?;
        let mut files = Files::new();
        for path in paths {
            let place = self.folder.root.join(path);
            let bytes = fs::read(&place).map_err(|error| cannot_read(&place, &error))?;
            if known.files.get(path) != Some(&sha256(&bytes)) {
                let sentence = format!("{path} was changed while the job was at work");
                return Err(Problem::input("WORKSPACE_CHANGED", sentence)
                    .hint("put the file back and run `iama jobs resume`, or start a new job"));
            }
            let executable = is_executable(&place);
            files.insert(path.clone(), FileState { bytes, executable });
        }
        Ok(files)
    }

    /// Whether to go on with work that starts no process and so hears of an interrupt from nobody else.
    pub(crate) fn go_on(&self) -> ControlFlow<()> {
        if self.machine.sandbox.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Whether the delivery changes so much that may mean something else that a person should think twice.
    fn is_complex(&self) -> Result<bool, Problem> {
        let spec = revise::current(self.folder)?;
        let proposals: Vec<Proposal> = self.folder.read("proposals.json")?;
        let chosen = proposals.iter().find(|proposal| proposal.strategy == spec.strategy);
        Ok(chosen.is_some_and(|proposal| {
            let edits: usize = proposal.edits.values().sum();
            (proposal.checks + proposal.refused) * 100 / edits.max(1) >= COMPLEX_PERCENT
        }))
    }

    pub(crate) fn scope(&self) -> Result<ScopeRecord, Problem> {
        self.folder.read("scope.json")
    }

    /// Keeps what the copy holds that the project does not as a patch, with the originals of what it changes.
    fn pack(&self, name: &str) -> Result<Option<ArtifactId>, Problem> {
        let Some((before, after)) = self.changed_files()? else { return Ok(None) };
        self.folder.keep(name, &iama_patch::between(&before, &after))?;
        let diffs = iama_patch::diff(&before, &after);
        let text = iama_patch::unified(&diffs);
        let diff = self.folder.file(&name.replace(".json", ".diff"));
        crate::folder::write_whole(&diff, text.as_bytes())?;
        let place = self.folder.file(name);
        let patch = fs::read(&place).map_err(|error| cannot_read(&place, &error))?;
        let manifest = Manifest::of(&patch, text.as_bytes(), &diffs, &before, &after);
        self.folder.keep(&name.replace(".json", ".manifest.json"), &manifest)?;
        Ok(Some(ArtifactId(name.to_owned())))
    }

    /// The rewritten files before and after; nothing when nothing is different.
    pub(crate) fn changed_files(&self) -> Result<Option<(Files, Files)>, Problem> {
        let paths = self.rewritten_paths()?;
        let known: WorkspaceRecord = self.folder.read("workspace.json")?;
        let mut before = self.originals(paths.iter().filter(|path| known.files.contains_key(*path)))?;
        let mut after = BTreeMap::new();
        for path in paths {
            let place = self.folder.work().join(&path);
            let bytes = match fs::read(&place) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(cannot_read(&place, &error)),
            };
            if before.get(&path).is_some_and(|original| original.bytes == bytes) {
                before.remove(&path);
                continue;
            }
            let executable = before.get(&path).is_some_and(|original| original.executable);
            after.insert(path, FileState { bytes, executable });
        }
        Ok((!after.is_empty() || !before.is_empty()).then_some((before, after)))
    }
}

/// The hash that base hashes and seals use.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(unix)]
pub(crate) fn is_executable(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
pub(crate) fn is_executable(_: &std::path::Path) -> bool {
    false
}

/// The legacy side cannot be shown to behave in any way.
pub(crate) fn unrunnable(uncovered: usize) -> BaselineOutcome {
    BaselineOutcome::Unrunnable { uncovered: u32::try_from(uncovered.max(1)).unwrap_or(u32::MAX) }
}
