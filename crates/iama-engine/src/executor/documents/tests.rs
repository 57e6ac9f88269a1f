use iama_job::effect::PatchMode;
use iama_job::policy::baseline::EditMode;
use iama_job::state::Selection;
use iama_job::{ArtifactId, EffectId, JobId, ModelClass};

use super::*;

/// The list as a table, as it stands in `docs/executor.md`.
fn table() -> String {
    let mut job = Job::new(JobId::from("j"));
    job.billing.dispatch_ordinal = 7;
    let class = ModelClass::L1;
    let patch = Effect::GeneratePatch {
        class,
        mode: PatchMode::Standard,
        attempt: 1,
        edits: EditMode::AstSymbolic,
        quote: None,
        command: None,
    };
    let effects = [
        Effect::Preflight,
        Effect::BuildContext { purged: false },
        Effect::AnalyseScope { class },
        Effect::WriteReport { class },
        Effect::Propose { class },
        Effect::DraftSpec { class, strategy: iama_job::state::Strategy::Standard },
        Effect::PersistSpec { revision: 7, fast_track: false },
        Effect::GenerateTests { class, revision: 1, mode: iama_job::policy::baseline::BaselineMode::BlackBox },
        Effect::RunRecipes {
            strategy: iama_job::state::Strategy::Standard,
            edits: EditMode::AstSymbolic,
            safe_mode: false,
        },
        patch,
        Effect::Quote { class },
        Effect::ApplyPatch { patch: ArtifactId::from("model-7.json") },
        Effect::PackPartial,
        Effect::PrepareDelivery,
        Effect::WriteEvidence,
        Effect::RevertDelivery { selection: Selection::Whole },
        Effect::Notify { notice: Notice::IssueReported },
    ];
    let mut lines = "| effect | may hold source text | names, hashes and counts |\n| --- | --- | --- |\n".to_owned();
    for effect in effects {
        let name = serde_json::to_value(&effect).unwrap()["type"].as_str().unwrap().to_owned();
        let dispatch = Dispatch { id: EffectId { job: job.id.clone(), seq: 1, index: 0 }, effect };
        let all = [names(&job, &dispatch), unawaited(&dispatch.effect)].concat();
        let of = |holds: Holds| {
            let named = all.iter().filter(|row| row.1 == holds).map(|(name, _)| format!("`{name}`"));
            named.collect::<Vec<_>>().join(", ")
        };
        let row = format!("| {name} | {} | {} |\n", of(Holds::Source), of(Holds::Names)).replace("|  |", "| |");
        lines.push_str(&row.replace("|  |", "| |"));
    }
    lines.replace('7', "N")
}

#[test]
fn the_list_stands_in_the_documentation() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/executor.md");
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(&table()), "docs/executor.md should hold:\n{}", table());
}

#[test]
fn what_looks_like_a_secret_is_left_out_of_texts_and_hashes_stay() {
    let key = format!("AKIA{}", "Q3EGRJ5VXK2DT7MZ");
    let hash = "0123456789abcdef".repeat(4);
    let value = serde_json::json!({"anchor": [format!("key = '{key}'")], "base": hash, "line": 3});
    let expected =
        serde_json::json!({"anchor": ["key = '(left out: it looks like a secret)'"], "base": hash, "line": 3});
    assert_eq!(masked(value), expected);
}
