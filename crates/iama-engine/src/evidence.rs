//! The evidence of a job, put together from its journal and from what its steps kept. Nothing here is measured again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use iama_baseline::Suite;
use iama_job::{Event, Job, Record, State, Timestamp};
use iama_patch::Files;
use iama_recipes::{Class, Pair};
use iama_sandbox::Probe;
use iama_source::{Confidence, Excluded};
use jiff::Timestamp as Moment;
use schemars::JsonSchema;
use serde::Serialize;

use crate::driver::{MOCK, QUARANTINE};
use crate::exports::{self, SigningKey};
use crate::folder::{JobFolder, cannot_read, cannot_write, write_whole};
use crate::generated::{GENERATED, GeneratedRecord};
use crate::isolation::ISOLATION;
use crate::perform::Shop;
use crate::problem::Problem;
use crate::records::{
    BEHAVIOUR, BehaviourRecord, CHARACTERIZATION, Carried, CharacterizationRecord, DecisionRecord, DifferenceRecord,
    FileRecord, NoteRecord, PlaceRecord, SCENARIOS, ScenariosRecord, ScopeRecord, Toolchain, WorkspaceRecord,
};
use crate::spec::revise::SPEC;
use crate::spec::{Spec, SpecItem};
use crate::stages::Stage;
use crate::{reach, report, stages};

mod authors;
mod behaviour;
mod calls;
mod diffs;
mod generated;
mod links;
mod overrides;
mod privacy;
mod proposal;
mod scenarios;
mod strength;
mod symbols;
mod tests;
mod verdict;

use verdict::{legacy_compared, legacy_ran, verdict};

use verdict::Verdict;

/// Everything that is known about a job: `iama.evidence/1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Evidence {
    schema: &'static str,
    job: JobPart,
    verdict: Verdict,
    toolchains: BTreeMap<&'static str, ToolchainPart>,
    isolation: Isolation,
    decisions: Vec<DecisionPart>,
    scope: ScopePart,
    /// What was chosen, with its risks as they were told.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<proposal::ProposalPart>,
    tests: tests::TestsPart,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overrides: Vec<overrides::OverridePart>,
    unproven: Vec<Unproven>,
    #[serde(skip_serializing_if = "Option::is_none")]
    characterisation: Option<behaviour::CharacterisationPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generated: Option<generated::GeneratedPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strength: Option<strength::StrengthPart>,
    differences: Vec<DifferenceRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenarios: Option<scenarios::ScenariosPart>,
    refused: Vec<PlaceRecord>,
    checks: Vec<PlaceRecord>,
    recipes: Vec<RecipePart>,
    spec: Vec<SpecItem>,
    files: Vec<diffs::FilePart>,
    seconds: BTreeMap<&'static str, f64>,
    stages: Vec<Stage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<calls::CallsPart>,
    privacy: privacy::Privacy,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct JobPart {
    id: String,
    created_at: String,
    finished_at: String,
    state: String,
    reason: Option<String>,
    iama_version: &'static str,
    rules_version: u32,
    pair: String,
    project: String,
    root: String,
    strategy: String,
    dual: bool,
    from: String,
    to: String,
}

#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
struct ToolchainPart {
    found: bool,
    version: Option<String>,
    path: Option<String>,
    how: Option<String>,
    runner: Option<String>,
    problem: Option<ProblemPart>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct ProblemPart {
    code: &'static str,
    message: String,
    hint: String,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Isolation {
    level: &'static str,
    network: &'static str,
    reason: String,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct DecisionPart {
    at: String,
    code: String,
    question: String,
    answer: String,
    by: String,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct ScopePart {
    files: usize,
    lines: usize,
    test_files: usize,
    #[schemars(with = "ConfidenceShape")]
    confidence: Confidence,
    excluded: Vec<ExcludedPart>,
}

/// How [`Confidence`] is written.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its shape is asked for")]
struct ConfidenceShape {
    score: u8,
    parse_rate: f64,
    symbol_rate: f64,
    snippet_completeness: f64,
    route: String,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct ExcludedPart {
    path: String,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
struct Unproven {
    file: String,
    line: u32,
    side: Side,
    symbol: Option<String>,
    why: String,
}

/// Which text a line is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Side {
    Old,
    New,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct RecipePart {
    id: String,
    title: String,
    #[schemars(with = "String")]
    class: Class,
    edits: usize,
    files: usize,
}

/// The decisions of a job, each question once.
pub(crate) fn decisions(folder: &JobFolder) -> Result<Vec<DecisionRecord>, Problem> {
    let path = folder.file("decisions.jsonl");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot_read(&path, &error)),
    };
    let mut seen = BTreeMap::new();
    // A last line cut off by a crash was answered again.
    for (rank, row) in text.lines().filter_map(|line| serde_json::from_str::<DecisionRecord>(line).ok()).enumerate() {
        // Of these there may be several.
        let each = match row.code.as_str() {
            QUARANTINE | MOCK => Some(row.question.clone()),
            "ESCALATION" | "INTERVENTION" | "INTERVENING" | "TIMED_OUT" | "FALLBACK" => Some(rank.to_string()),
            _ => None,
        };
        seen.entry((row.code.clone(), each)).and_modify(|(_, known)| *known = row.clone()).or_insert((rank, row));
    }
    let mut rows: Vec<_> = seen.into_values().collect();
    rows.sort_by_key(|(rank, _)| *rank);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Writes `evidence.json`, `report.html` and the documents that are made from them.
pub(crate) fn write(shop: &Shop<'_>, job: &Job, records: &[Record]) -> Result<(), Problem> {
    let told = shop.folder.file("evidence.json").exists() && shop.folder.file("patch.json").exists();
    let cleaned = shop.folder.file("evidence.json").exists() && !shop.folder.work().exists();
    if (told && matches!(job.state, State::Delivered { .. })) || cleaned {
        // What becomes of a delivery changes nothing in what was shown about it, nor does clearing up after the job.
        return Ok(());
    }
    let evidence = gather(shop, job, records)?;
    let html = report::render(&evidence)?;
    write_whole(&shop.folder.file("report.html"), html.as_bytes())?;
    let place = shop.folder.file("evidence.json");
    let bytes = serde_json::to_vec_pretty(&evidence).map_err(|error| cannot_write(&place, &error.into()))?;
    export(shop, &bytes)?;
    // Last: where there is evidence, there is a report.
    write_whole(&place, &bytes)
}

fn export(shop: &Shop<'_>, evidence: &[u8]) -> Result<(), Problem> {
    let folder = shop.folder;
    let name = if folder.file("patch.json").exists() {
        ["patch.json", "patch.diff"]
    } else {
        ["partial.json", "partial.diff"]
    };
    let patches: Vec<_> = name.into_iter().filter_map(|name| Some((name, fs::read(folder.file(name)).ok()?))).collect();
    let key = shop.request.sign_key.as_deref().map(SigningKey::read).transpose()?;
    for (name, bytes) in exports::documents(evidence, &patches, key.as_ref())? {
        write_whole(&folder.file(name), &bytes)?;
    }
    Ok(())
}

/// What the parts are made from.
struct Sources {
    scope: ScopeRecord,
    workspace: WorkspaceRecord,
    rewrites: Vec<FileRecord>,
    carried: Vec<Carried>,
    lost: Vec<PlaceRecord>,
    legacy: Option<Suite>,
    result: Option<Suite>,
    changed: Option<(Files, Files)>,
    spec: Option<Spec>,
    scenarios: Option<ScenariosRecord>,
    /// The files that recorded calls run, with how many tests hold what they do, and how many of these fail on the result.
    recorded: Recorded,
    /// The files that generated tests show something of.
    generated: BTreeSet<String>,
}

#[derive(Default)]
struct Recorded {
    files: BTreeSet<String>,
    tests: usize,
    failed: usize,
}

fn gather(shop: &Shop<'_>, job: &Job, records: &[Record]) -> Result<Evidence, Problem> {
    let folder = shop.folder;
    let sources = Sources {
        scope: folder.read("scope.json")?,
        workspace: folder.read("workspace.json")?,
        rewrites: shop.rewrite_records()?,
        carried: folder.read_if_kept("carried.json")?.unwrap_or_default(),
        lost: folder.read_if_kept("carried-lost.json")?.unwrap_or_default(),
        legacy: folder.read_if_kept("legacy.suite.json")?,
        result: folder.read_if_kept("result.suite.json")?,
        changed: if folder.work().exists() { shop.changed_files()? } else { None },
        spec: folder.read_if_kept(SPEC)?,
        scenarios: folder.read_if_kept(SCENARIOS)?,
        recorded: recorded(folder)?,
        generated: folder.read_if_kept::<GeneratedRecord>(GENERATED)?.unwrap_or_default().files(),
    };
    let strength = strength::read(folder)?;
    let mut unproven = unproven(shop, &sources);
    unproven.extend(strength.iter().flat_map(strength::gaps));
    unproven.extend(overrides::gaps(shop, job, &sources.workspace));
    unproven.sort();
    let behaviour = behaviour::Behaviour::read(folder, shop.request.recorded_commands())?;
    let models = calls::read(folder)?;
    let no_files = Files::new();
    let originals = sources.changed.as_ref().map_or(&no_files, |(before, _)| before);
    let authors = authors::Authors::read(folder, originals)?;
    let links = links::Links::read(folder, &sources, strength.as_ref())?;
    let toolchains = toolchains(shop, &sources)?;
    // A later command may have been started with another level.
    let probe: Probe = folder.read_if_kept(ISOLATION)?.unwrap_or_else(|| shop.machine.sandbox.probe.clone());
    Ok(Evidence {
        schema: "iama.evidence/1",
        job: job_part(shop, job, records, &sources, &toolchains),
        verdict: verdict(job, &sources, unproven.len(), behaviour.undeclared()),
        toolchains,
        isolation: Isolation {
            level: probe.level.name(),
            network: if probe.level.closes_network() { "none" } else { "reachable" },
            reason: probe.reason,
        },
        decisions: decisions(folder)?.into_iter().map(decision_part).collect(),
        scope: scope_part(&sources),
        proposal: proposal::part(folder, sources.spec.as_ref())?,
        tests: tests::part(&sources),
        overrides: overrides::part(shop.request, records),
        refused: places(shop.pair, &sources, Class::Refused),
        checks: places(shop.pair, &sources, Class::Check),
        recipes: recipe_parts(shop.pair, &sources.rewrites),
        files: diffs::file_parts(shop.pair, &sources, &links, &authors),
        spec: sources.spec.as_ref().map(|spec| spec.items.clone()).unwrap_or_default(),
        seconds: seconds(records),
        stages: stages::of(folder, records.last().map(|record| record.at))?,
        privacy: privacy::part(folder, models.as_ref())?,
        models,
        unproven,
        characterisation: behaviour.characterisation,
        generated: generated::part(folder)?,
        strength: strength.as_ref().map(strength::part),
        differences: behaviour.differences,
        scenarios: scenarios::part(folder, sources.scenarios.as_ref())?,
    })
}

fn recorded(folder: &JobFolder) -> Result<Recorded, Problem> {
    let known: CharacterizationRecord = folder.read_if_kept(CHARACTERIZATION)?.unwrap_or_default();
    let compared: Option<BehaviourRecord> = folder.read_if_kept(BEHAVIOUR)?;
    let tests = known.known.tests.len();
    Ok(Recorded { files: known.files(), tests, failed: compared.map_or(tests, |record| record.failed) })
}

fn moment(at: Timestamp) -> String {
    Moment::from_millisecond(at.0).map(|moment| moment.to_string()).unwrap_or_default()
}

fn job_part(
    shop: &Shop<'_>,
    job: &Job,
    records: &[Record],
    sources: &Sources,
    toolchains: &BTreeMap<&'static str, ToolchainPart>,
) -> JobPart {
    let root = &shop.folder.root;
    let version = |side: &str| toolchains.get(side).and_then(|part| part.version.clone());
    let reason = match &job.state {
        State::FallbackRequired { reason, .. } => serde_json::to_value(reason).ok(),
        State::Failed { reason } => serde_json::to_value(reason).ok(),
        _ => None,
    };
    let reason = reason.and_then(|value| value.get("reason").unwrap_or(&value).as_str().map(str::to_owned));
    JobPart {
        id: shop.folder.id.clone(),
        created_at: moment(shop.request.created),
        finished_at: records.last().map(|record| moment(record.at)).unwrap_or_default(),
        state: job.state.kind().code().to_owned(),
        reason,
        iama_version: env!("CARGO_PKG_VERSION"),
        rules_version: job.rules_version,
        pair: shop.request.pair.clone(),
        project: root
            .file_name()
            .map_or_else(|| root.display().to_string(), |name| name.to_string_lossy().into_owned()),
        root: shop.request.root.display().to_string(),
        strategy: sources.spec.as_ref().map_or("", |spec| spec.strategy.name()).to_uppercase(),
        dual: shop.request.dual,
        from: version("legacy").map_or_else(|| "Python 2".to_owned(), |version| format!("Python {version}")),
        to: version("target")
            .map_or_else(|| format!("Python {}", shop.request.target), |version| format!("Python {version}")),
    }
}

fn toolchains(shop: &Shop<'_>, sources: &Sources) -> Result<BTreeMap<&'static str, ToolchainPart>, Problem> {
    let legacy: Toolchain = shop.folder.read_if_kept("legacy.toolchain.json")?.unwrap_or_default();
    let target: Toolchain = shop.folder.read_if_kept("target.toolchain.json")?.unwrap_or_default();
    let missing = |name: String, option: &str| ProblemPart {
        code: "INTERPRETER_MISSING",
        message: format!("{name} was not found on PATH, in pyenv or in uv"),
        hint: format!("install it, or name it with {option}"),
    };
    Ok(BTreeMap::from([
        (
            "legacy",
            toolchain_part(&legacy, sources.legacy.as_ref(), missing("Python 2.7".to_owned(), "--legacy-python")),
        ),
        (
            "target",
            toolchain_part(
                &target,
                sources.result.as_ref(),
                missing(format!("Python {}", shop.request.target), "--python"),
            ),
        ),
    ]))
}

fn toolchain_part(toolchain: &Toolchain, suite: Option<&Suite>, missing: ProblemPart) -> ToolchainPart {
    let runner = suite.and_then(|suite| suite.runner.clone());
    let Some(interpreter) = &toolchain.interpreter else {
        return ToolchainPart { problem: Some(missing), ..ToolchainPart::default() };
    };
    let missing = toolchain.environment.iter().flat_map(|environment| &environment.missing);
    let complaints: Vec<_> = missing.chain(suite.iter().flat_map(|suite| &suite.problems)).cloned().collect();
    let problem = (!complaints.is_empty()).then(|| ProblemPart {
        code: "ENVIRONMENT_INCOMPLETE",
        message: complaints.join("; "),
        hint: "tests that need it are reported as failing or as not collected".to_owned(),
    });
    ToolchainPart {
        found: true,
        version: Some(interpreter.version.to_string()),
        path: Some(interpreter.path.display().to_string()),
        how: serde_json::to_value(interpreter.how).ok().and_then(|how| how.as_str().map(str::to_owned)),
        runner,
        problem,
    }
}

fn decision_part(row: DecisionRecord) -> DecisionPart {
    DecisionPart { at: moment(row.at), code: row.code, question: row.question, answer: row.answer, by: row.by }
}

fn scope_part(sources: &Sources) -> ScopePart {
    let scope = &sources.scope;
    let excluded = |file: &Excluded| ExcludedPart { path: file.path.clone(), reason: file.reason.sentence() };
    ScopePart {
        files: scope.files,
        lines: scope.lines,
        test_files: scope.test_files.len(),
        confidence: scope.confidence,
        excluded: sources.workspace.excluded.iter().map(excluded).collect(),
    }
}

fn unproven(shop: &Shop<'_>, sources: &Sources) -> Vec<Unproven> {
    let changed: Vec<&FileRecord> =
        sources.rewrites.iter().filter(|file| !file.test && !file.changes.is_empty()).collect();
    let mut named = symbols::Named::new(shop.pair, sources.changed.as_ref().map(|(before, _)| before));
    let whole = |file: &FileRecord, why: &str| Unproven {
        file: file.path.clone(),
        line: file.changes.first().map_or(1, |change| change.first_line),
        side: Side::Old,
        symbol: None,
        why: why.to_owned(),
    };
    let mut rows: Vec<Unproven> = Vec::new();
    if legacy_ran(sources) {
        let started = sources.scenarios.iter().flat_map(ScenariosRecord::started);
        let recorded = sources.recorded.files.iter().chain(&sources.generated).cloned();
        let roots: Vec<String> = sources.scope.test_files.iter().cloned().chain(started).chain(recorded).collect();
        let reached = reach::from_tests(&shop.folder.root, &sources.workspace, &roots);
        let unreached = changed.iter().filter(|file| !reached.contains(&file.path));
        let why = match &sources.scenarios {
            Some(record) if !record.proposed => {
                "no test imports and no scenario starts this file, directly or through another"
            }
            _ => "no test imports this file, directly or through another",
        };
        rows.extend(unreached.map(|file| whole(file, why)));
    } else {
        let why = if legacy_compared(sources) {
            "nothing but scenarios that IAMA proposed shows that this file behaves as before, and they show little"
        } else {
            "the legacy code could not be run, so nothing shows that this file behaves as before"
        };
        rows.extend(changed.iter().map(|file| whole(file, why)));
    }
    for file in &sources.rewrites {
        let checks = file.notes.iter().filter(|note| note.class == Class::Check);
        rows.extend(checks.map(|note| Unproven {
            file: file.path.clone(),
            line: note.line,
            side: Side::Old,
            symbol: named.at(&file.path, note.line),
            why: format!("{}: {}", note.recipe, note.why),
        }));
    }
    rows.sort();
    rows.dedup();
    rows
}

fn title(pair: &Pair, id: &str) -> String {
    pair.recipes.iter().find(|recipe| recipe.id == id).map_or_else(|| id.to_owned(), |recipe| recipe.title.to_owned())
}

fn places(pair: &Pair, sources: &Sources, class: Class) -> Vec<PlaceRecord> {
    let of_file = |file: &FileRecord| {
        let place = |note: &NoteRecord| PlaceRecord {
            recipe: note.recipe.clone(),
            title: title(pair, &note.recipe),
            file: file.path.clone(),
            line: note.line,
            reason: note.why.clone(),
        };
        file.notes.iter().filter(|note| note.class == class).map(place).collect::<Vec<_>>()
    };
    let mut rows: Vec<PlaceRecord> = sources.rewrites.iter().flat_map(of_file).collect();
    if class == Class::Refused {
        rows.extend(sources.scope.unreadable.iter().chain(&sources.lost).cloned());
    }
    rows.sort();
    rows
}

fn recipe_parts(pair: &Pair, rewrites: &[FileRecord]) -> Vec<RecipePart> {
    let mut rows: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for file in rewrites {
        for note in file.notes.iter().filter(|note| note.class != Class::Refused) {
            let row = rows.entry(&note.recipe).or_default();
            row.0 += 1;
            row.1.insert(&file.path);
        }
    }
    let class =
        |id: &str| pair.recipes.iter().find(|recipe| recipe.id == id).map_or(Class::Check, |recipe| recipe.class);
    rows.into_iter()
        .map(|(id, (edits, files))| RecipePart {
            id: id.to_owned(),
            title: title(pair, id),
            class: class(id),
            edits,
            files: files.len(),
        })
        .collect()
}

/// Seconds by stage: the time between the records, counted to the stage that they lead out of.
fn seconds(records: &[Record]) -> BTreeMap<&'static str, f64> {
    let mut sums: BTreeMap<&'static str, i64> = BTreeMap::new();
    for pair in records.windows(2) {
        let Event::Result { .. } = pair[1].event else { continue };
        let stage = match pair[1].from.kind().code() {
            "ANALYZING" | "GENERATING_ANALYSIS_REPORT" | "WAITING_STRATEGY" => "analyse",
            "GENERATING_TESTS" | "BASELINE_VALIDATION" => "baseline",
            "REFACTORING" => match pair[1].event.kind().code() {
                "TESTS_RUN" => "verify",
                "DELIVERY_PREPARED" => "deliver",
                _ => "recipes",
            },
            _ => "deliver",
        };
        *sums.entry(stage).or_default() += pair[1].at.0 - pair[0].at.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of one job")]
    sums.into_iter().map(|(stage, sum)| (stage, sum as f64 / 1000.0)).collect()
}

#[cfg(test)]
mod schema {
    use super::*;

    #[test]
    fn the_committed_schema_of_evidence_is_that_of_the_type() {
        // As it is written: what may be left out is not required.
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let schema = settings.into_generator().into_root_schema_for::<Evidence>();
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = format!("{}/../../docs/schemas/iama.evidence-1.json", env!("CARGO_MANIFEST_DIR"));
        #[expect(clippy::disallowed_methods, reason = "the switch that rewrites what is committed")]
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap();
        assert_eq!(committed, text, "run the tests once with UPDATE_GOLDEN=1 and commit {path}");
    }
}
