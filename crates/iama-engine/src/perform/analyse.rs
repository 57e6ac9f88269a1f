//! Looking at the workspace: what it is, how far it is understood, what could be done.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use iama_baseline::python::{discover, requirements};
use iama_job::Job;
use iama_job::state::Strategy as JobStrategy;
use iama_recipes::{Class, Options, Project, Strategy};
use iama_sandbox::{Ended, Launch};
use iama_source::context::Index;
use iama_source::{SourceFile, WalkOptions, Workspace, walk};
use iama_syntax::Span;
use rayon::prelude::*;

use super::{Shop, generating, sha256};
use crate::driver::Progress;
use crate::folder::cannot_read;
use crate::problem::Problem;
use crate::proposals::analysis::{self, ANALYSIS, Assumptions, Code};
use crate::proposals::findings::{self, AllFindings, FINDINGS, FileFindings, Shapes};
use crate::proposals::{self, Before, Graph, Ground, Price, Proposal};
use crate::records::{OBSERVED, Observed, PlaceRecord, ScopeRecord, WorkspaceRecord};
use crate::rewrite::{FileResult, Rewritten, Settled, rewrite, settle, survey};
use crate::spec::{Origin, SpecItem, draft, revise};

/// Files that are looked into at once.
const BATCH: usize = 64;

impl Shop<'_> {
    /// Takes base hashes; says whether something is uncommitted.
    pub(super) fn preflight(&mut self) -> Result<bool, Problem> {
        (self.progress)(Progress::Stage("looking at the workspace"));
        let workspace = self.walk()?;
        if workspace.files.is_empty() {
            let sentence = format!("{} holds no source file for {}", self.folder.root.display(), self.pair.title);
            return Err(Problem::input("NOTHING_TO_DO", sentence).hint("name the folder that holds the source"));
        }
        self.require_target()?;
        let mut files = BTreeMap::new();
        for file in &workspace.files {
            let place = workspace.root.join(&file.path);
            let bytes = fs::read(&place).map_err(|error| cannot_read(&place, &error))?;
            files.insert(file.path.clone(), sha256(&bytes));
        }
        let dirty = self.is_dirty();
        self.folder.keep("workspace.json", &WorkspaceRecord { files, excluded: workspace.excluded, dirty })?;
        Ok(dirty)
    }

    fn walk(&self) -> Result<Workspace, Problem> {
        let options = WalkOptions { exclude: self.request.exclude.clone() };
        walk(&self.folder.root, &options, self.pair.claims).map_err(|error| {
            Problem::input("PATH_INVALID", error.to_string()).hint("name a folder that exists and that you may read")
        })
    }

    /// Asks git, in a way that never writes to `.git`. Without git there is nothing to be dirty against.
    fn is_dirty(&self) -> bool {
        let arguments = ["git", "--no-optional-locks", "status", "--porcelain", "--", "."];
        self.run_tool(&self.folder.root, &arguments).is_some_and(|output| !output.trim().is_empty())
    }

    /// Runs a tool of the user's own on the user's own tree; its output when it succeeds.
    pub(crate) fn run_tool(&self, folder: &Path, arguments: &[&str]) -> Option<String> {
        let output = self.folder.file("tool.txt");
        let launch = Launch {
            command: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            folder: folder.to_owned(),
            environment: self.machine.variables.clone(),
            writable: Vec::new(),
            readable: Vec::new(),
            hidden: Vec::new(),
            output,
            limit: Duration::from_secs(30),
        };
        let outcome = self.machine.sandbox.limits_only().run(&launch, || ControlFlow::Continue(())).ok()?;
        (outcome.ended == Ended::Exited(0)).then_some(outcome.output)
    }

    /// Source files and what the recipes must know of them.
    pub(super) fn project(&self) -> Result<(Vec<SourceFile>, Project), Problem> {
        let known: WorkspaceRecord = self.folder.read("workspace.json")?;
        let file = |path: &String| SourceFile { path: path.clone(), bytes: 0, executable: false };
        let files: Vec<_> = known.files.keys().map(file).collect();
        let workspace = Workspace { root: self.folder.root.clone(), files, excluded: known.excluded };
        let mut project = survey(&workspace, self.pair);
        let observed: Observed = self.folder.read_if_kept(OBSERVED)?.unwrap_or_default();
        for (path, sites) in &observed {
            for ((start, end), kinds) in sites {
                for kind in kinds {
                    project.facts.observe(path, Span::new(*start, *end), kind);
                }
            }
        }
        Ok((workspace.files, project))
    }

    /// Reads every file once: how much of it is understood, and which files hold tests. Gives tokens and confidence.
    pub(super) fn build_context(&mut self) -> Result<(u32, u8), Problem> {
        (self.progress)(Progress::Stage("reading the source"));
        let (files, project) = self.project()?;
        let known: WorkspaceRecord = self.folder.read("workspace.json")?;
        let (mut lines, mut bytes) = (0, 0);
        let (mut test_files, mut unreadable) = (Vec::new(), Vec::new());
        let options = self.options(Strategy::Conservative)?;
        rewrite(&self.folder.root, &files, self.pair, Settled::of(project), &options, |file| {
            let text = match &file.result {
                FileResult::Migrated { before, .. } => before.text().to_owned(),
                FileResult::AlreadyTarget | FileResult::Failed(_) => {
                    let bytes = fs::read(self.folder.root.join(&file.path)).unwrap_or_default();
                    String::from_utf8_lossy(&bytes).into_owned()
                }
            };
            let count = text.lines().count();
            (lines, bytes) = (lines + count, bytes + text.len());
            if discover::is_test_file(&file.path, &text) {
                test_files.push(file.path.clone());
            }
            if let FileResult::Failed(failure) = &file.result {
                unreadable.push(PlaceRecord {
                    recipe: failure.code().to_owned(),
                    title: "left as it is".to_owned(),
                    file: file.path,
                    line: failure.line(),
                    reason: failure.to_string(),
                });
            }
            self.go_on()
        });
        if !self.request.tests.is_empty() {
            test_files.clone_from(&self.request.tests);
        }
        let source = files.iter().map(|file| file.path.clone()).filter(|path| (self.pair.plain)(path).is_none());
        let index = Index::of(&self.folder.root, source.collect()).leaving_out(known.excluded);
        let confidence = index.confidence();
        let record = ScopeRecord { files: files.len(), lines, test_files, confidence, unreadable };
        self.folder.keep("scope.json", &record)?;
        Ok((u32::try_from(bytes / 4).unwrap_or(u32::MAX), confidence.score))
    }

    /// What each strategy would do, worked out by doing it in memory.
    pub(super) fn propose(&mut self, job: &Job) -> Result<Vec<Proposal>, Problem> {
        (self.progress)(Progress::Stage("working out three proposals"));
        let (files, project) = self.project()?;
        let (scope, workspace) = (self.scope()?, self.folder.read("workspace.json")?);
        let graph = Graph::read(&self.folder.root, &workspace);
        let requirements = requirements::of_project(&self.folder.root, &[]);
        let tokens = job.scope.map_or(0, |scope| scope.pack_tokens);
        let ground = Ground {
            pair: self.pair,
            target: format!("Python {}", self.request.target),
            files: files.len(),
            graph: &graph,
            tests: &scope.test_files,
            command: self.request.test_command.is_some(),
            requirements: &requirements,
            price: Price::of(&job.entitlement, tokens, self.calls_before(files.len())),
        };
        let (mut all, mut shapes) = (AllFindings::new(), Shapes::new());
        for strategy in Strategy::ALL {
            let options = self.options(strategy)?;
            let settled = settle(&self.folder.root, self.pair, project.clone(), &options);
            let found = self.find(&files, settled, &options, &scope.test_files, &mut shapes);
            all.insert(strategy.name().to_owned(), found);
        }
        let of = |strategy: Strategy| all.get(strategy.name()).map_or(&[][..], Vec::as_slice);
        let proposals: Vec<_> = Strategy::ALL
            .into_iter()
            .map(|strategy| proposals::propose(&ground, strategy, of(strategy), of(Strategy::Comprehensive)))
            .collect();
        self.folder.keep(FINDINGS, &all)?;
        Ok(proposals)
    }

    /// The calls between the choice of a proposal and the first attempt.
    fn calls_before(&self, files: usize) -> Before {
        let views = Before::of(u32::from(self.request.model_views), 1);
        if self.request.generate_tests { views.and(generating::calls(files)) } else { views }
    }

    /// The analysis for those who answer for the migration.
    pub(super) fn write_analysis(&mut self, proposals: &[Proposal]) -> Result<(), Problem> {
        (self.progress)(Progress::Stage("reckoning debt, return and time"));
        let (scope, target) = (self.scope()?, format!("Python {}", self.request.target));
        let code = Code { files: scope.files, lines: scope.lines, target: &target };
        match analysis::analyse(code, proposals, Assumptions::default()) {
            Some(report) => self.folder.keep(ANALYSIS, &report),
            None => Ok(()),
        }
    }

    /// What the recipes find in all files. The shapes of files are read once for all strategies.
    fn find(
        &self,
        files: &[SourceFile],
        settled: Settled,
        options: &Options,
        tests: &[String],
        shapes: &mut Shapes,
    ) -> Vec<FileFindings> {
        let (mut found, mut batch) = (Vec::new(), Vec::new());
        let tests: BTreeSet<&String> = tests.iter().collect();
        let mut work_off = |batch: &mut Vec<Rewritten>, shapes: &mut Shapes| {
            let of = |file: &Rewritten| findings::of_file(self.pair, shapes, file, tests.contains(&file.path));
            let done: Vec<_> = batch.par_iter().map(of).collect();
            for (row, shape) in done {
                shapes.extend(shape.map(|shape| (row.path.clone(), shape)));
                found.extend((row.changed || row.failed.is_some() || !row.notes.is_empty()).then_some(row));
            }
            batch.clear();
        };
        rewrite(&self.folder.root, files, self.pair, settled, options, |file| {
            batch.push(file);
            if batch.len() == BATCH {
                work_off(&mut batch, shapes);
            }
            self.go_on()
        });
        work_off(&mut batch, shapes);
        found
    }

    /// The first revision of the spec: what IAMA holds to, the tests and scenarios that there are, and what the recipes found.
    pub(super) fn draft_spec(&self, job: &Job, strategy: Strategy) -> Result<Vec<SpecItem>, Problem> {
        let scope = self.scope()?;
        let mut all: AllFindings = self.folder.read(FINDINGS)?;
        let mut found = all.remove(strategy.name()).unwrap_or_default();
        if job.safe_mode {
            let is_safe =
                |id: &str| self.pair.recipes.iter().any(|recipe| recipe.id == id && recipe.class == Class::Safe);
            for file in &mut found {
                file.notes.retain(|note| is_safe(&note.recipe));
            }
        }
        if self.request.no_recipes {
            found.retain(|file| file.test);
        }
        let proposals: Vec<Proposal> = self.folder.read("proposals.json")?;
        let chosen = proposals.iter().find(|proposal| proposal.strategy == strategy);
        Ok(draft::items(&draft::Ground {
            pair: self.pair,
            strategy,
            target: format!("Python {}", self.request.target),
            both: self.request.dual.then_some("Python 2.7"),
            tests: &scope.test_files,
            test_command: self.request.test_command.as_deref(),
            scenarios: self.named_scenarios()?,
            records: self.request.records(),
            recipes: !self.request.no_recipes,
            models: job.entitlement.stage_class().is_model(),
            found: &found,
            surface: chosen.filter(|_| !self.request.no_recipes).map_or(&[], |proposal| &proposal.surface),
        }))
    }

    /// Puts the first revision where the job will take it from.
    pub(super) fn stage_spec(&self, strategy: Strategy, items: Vec<SpecItem>) -> Result<(), Problem> {
        revise::stage_first(self.folder, strategy, Origin::Recipes, items)
    }
}

pub(crate) fn recipe_strategy(strategy: JobStrategy) -> Strategy {
    match strategy {
        JobStrategy::Conservative => Strategy::Conservative,
        JobStrategy::Standard => Strategy::Standard,
        JobStrategy::Comprehensive => Strategy::Comprehensive,
    }
}
