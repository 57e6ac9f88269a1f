//! What machines send of a job: read before it is kept, told as rows, read back latest first.

use iama_engine::executor::{Document, SuiteSummary};
use iama_engine::manifest::{Manifest, OperationRecord};
use iama_engine::proposals::{AnalysisReport, Proposal};
use iama_engine::records::WorkspaceRecord;
use iama_engine::spec::{Kind, Origin, Spec, SpecItem};
use iama_job::Effect;
use iama_store::requests::Request;
use iama_store::sealing::{Sealed, sha256};
use iama_store::specs::{self, NewItem, NewRevision};
use iama_store::{Connection, artifacts, runs};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::json;
use uuid::Uuid;

use crate::error::ApiError;
use crate::objects;
use crate::reporting::Findings;
use crate::state::AppState;

/// The latest document of a name; nothing where none came.
pub(crate) async fn latest<T: DeserializeOwned>(
    state: &AppState,
    connection: &mut Connection,
    job: Uuid,
    name: &str,
) -> Result<Option<T>, ApiError> {
    let Some(artifact) = artifacts::latest(connection, job, name).await? else { return Ok(None) };
    let text = objects::read(state, &artifact).await?;
    serde_json::from_str(&text).map(Some).map_err(|error| ApiError::internal(&error))
}

/// What is wrong with a document that is read later.
pub(crate) fn fault(name: &str, text: &str) -> Option<String> {
    fn of<T: DeserializeOwned>(text: &str) -> Option<String> {
        serde_json::from_str::<T>(text).err().map(|error| error.to_string())
    }
    match name {
        "workspace.json" => of::<WorkspaceRecord>(text),
        "proposals.json" => of::<Vec<Proposal>>(text),
        "findings.json" => of::<Findings>(text),
        "analysis_report.json" => of::<AnalysisReport>(text),
        "patch.manifest.json" | "partial.manifest.json" => of::<Manifest>(text),
        _ if revision(name).is_some() => match serde_json::from_str::<Spec>(text) {
            Ok(spec) if Some(spec.revision) != revision(name) => {
                Some("is another revision than its name says".to_owned())
            }
            Ok(spec) => Uuid::parse_str(&spec.token).err().map(|_| "has no token".to_owned()),
            Err(error) => Some(error.to_string()),
        },
        _ if name.ends_with(".summary.json") => of::<SuiteSummary>(text),
        _ if name.ends_with(".operations.json") => of::<Vec<OperationRecord>>(text),
        _ if name.ends_with(".failures.json") => of::<IgnoredAny>(text),
        _ => None,
    }
}

/// The revision of a spec that a document holds.
fn revision(name: &str) -> Option<u32> {
    name.strip_prefix("spec/")?.strip_suffix(".json")?.parse().ok()
}

/// Tells as rows what a document says that was kept.
pub(crate) async fn record(
    state: &AppState,
    connection: &mut Connection,
    asked: &Request,
    document: &Document,
) -> Result<(), ApiError> {
    if revision(&document.name).is_some() {
        return record_spec(state, connection, asked, &document.text).await;
    }
    if document.name.ends_with(".operations.json") {
        return record_operations(state, connection, asked.job, &document.text).await;
    }
    Ok(())
}

async fn record_spec(
    state: &AppState,
    connection: &mut Connection,
    asked: &Request,
    text: &str,
) -> Result<(), ApiError> {
    let spec: Spec = serde_json::from_str(text).map_err(|error| ApiError::internal(&error))?;
    let number = i32::try_from(spec.revision).unwrap_or(i32::MAX);
    let fast_track = matches!(asked.dispatch.effect, Effect::PersistSpec { fast_track: true, .. });
    let author = match (fast_track, spec.by, spec.revision) {
        (true, ..) => "FAST_TRACK",
        (_, _, 1) => "DRAFT",
        (_, Origin::Person, _) => "USER",
        (_, Origin::Model, _) => "WORDS",
        (_, Origin::Recipes, _) => "FALLBACK",
    };
    let mut items = Vec::new();
    for item in spec.items.iter().filter(|item| item.kind != Kind::Rule) {
        items.push(sealed_item(state, asked.job, number, item)?);
    }
    let new = NewRevision {
        job: asked.job,
        revision: number,
        token: Uuid::parse_str(&spec.token).map_err(|error| ApiError::internal(&error))?,
        strategy: &spec.strategy.name().to_uppercase(),
        author,
        seq: i64::try_from(asked.dispatch.id.seq).unwrap_or(i64::MAX),
        items,
    };
    specs::keep(connection, new, state.clock.now()).await?;
    Ok(())
}

fn sealed_item<'a>(state: &AppState, job: Uuid, revision: i32, item: &'a SpecItem) -> Result<NewItem<'a>, ApiError> {
    let words = json!({ "text": item.text, "behaviour": item.behaviour }).to_string();
    Ok(NewItem {
        id: &item.id,
        behaviour: item.kind == Kind::Behaviour,
        origin: match item.origin {
            Origin::Recipes => "RECIPES",
            Origin::Person => "PERSON",
            Origin::Model => "MODEL",
        },
        sha256: sha256(words.as_bytes()),
        content: seal(state, &specs::context(job, revision, &item.id), &words)?,
    })
}

async fn record_operations(
    state: &AppState,
    connection: &mut Connection,
    job: Uuid,
    text: &str,
) -> Result<(), ApiError> {
    let Some(attempt) = runs::last_attempt(connection, job).await? else { return Ok(()) };
    let told: Vec<OperationRecord> = serde_json::from_str(text).map_err(|error| ApiError::internal(&error))?;
    let code = |one: &OperationRecord| {
        let outcome = serde_json::to_value(&one.outcome.outcome).unwrap_or_default();
        outcome["code"].as_str().unwrap_or_default().to_owned()
    };
    let outcomes: Vec<String> = told.iter().map(code).collect();
    let mut operations = Vec::new();
    for (position, (one, outcome)) in told.iter().zip(&outcomes).enumerate() {
        let context = format!("anchor:{attempt}:{position}");
        let anchor = one
            .anchor
            .as_ref()
            .map(|anchor| Ok::<_, ApiError>((seal(state, &context, anchor)?, sha256(anchor.as_bytes()))));
        operations.push(runs::Operation {
            operation: &one.op,
            path: &one.path,
            base: one.base.as_deref(),
            anchor: anchor.transpose()?,
            outcome,
        });
    }
    runs::keep_operations(connection, attempt, operations).await?;
    Ok(())
}

fn seal(state: &AppState, context: &str, text: &str) -> Result<Sealed, ApiError> {
    state.ring.seal(context, text.as_bytes()).map_err(|error| ApiError::internal(&error))
}
