//! `PATCH /api/v1/jobs/{job_id}/spec`: another revision of the spec.

use std::collections::BTreeMap;

use axum::extract::State;
use iama_engine::spec::{Behaviour, Edited, Kind, Origin, Spec, SpecItem, check};
use iama_job::Decision;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::deciding::{DecisionAnswers, Once, Open};
use crate::endpoints::deciding::named::spec_of;
use crate::endpoints::jobs::view::JobState;
use crate::endpoints::viewing::spec::{ItemKind, Scenario};
use crate::error::ApiError;
use crate::extract::{Fields, Json};
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// An edited spec.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpecEdit {
    /// The token of the revision that was edited. Where somebody has made another one since, the edit is refused with `SPEC_STALE`.
    #[schema(example = "2f1c7b1e5d53bf76edb4a085654e2899")]
    revision_token: String,
    /// All items, in their order. One that is not among them is taken out.
    items: Vec<EditedItem>,
}

/// An item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditedItem {
    /// Its name; none for a new one.
    #[serde(default)]
    #[schema(example = "B1")]
    id: Option<String>,
    /// What it is. Rules are IAMA's own and stay as they are.
    kind: ItemKind,
    /// What must hold.
    #[schema(max_length = 2000)]
    text: String,
    /// The same as a scenario: for behaviour.
    #[serde(default)]
    scenario: Option<Scenario>,
}

/// Makes another revision of the spec. During work that cancels what is under way: the job waits for approval again, and its
/// counters begin anew.
#[utoipa::path(patch, path = "/jobs/{job_id}/spec", operation_id = "editSpec", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = SpecEdit, responses(DecisionAnswers))]
pub(crate) async fn patch(
    State(state): State<AppState>,
    own: OwnJob,
    Json(edit): Json<SpecEdit>,
) -> Result<Json<JobState>, ApiError> {
    let mut open = Open::of(&state, own).await?;
    let base = spec_of(&state, &mut open, &edit.revision_token).await?;
    let items: Vec<SpecItem> = edit.items.into_iter().map(|item| item.of(&base)).collect();
    let mut fields = Fields::default();
    for fault in check::faults(&base, &items) {
        let field = fault.rank.map_or_else(|| "items".to_owned(), |rank| format!("items[{rank}]"));
        fields.require(false, &field, fault.sentence);
    }
    fields.done()?;
    let edited = Edited { based_on: base.token, by: Origin::Person, items };
    let text = serde_json::to_string(&edited).map_err(|error| ApiError::internal(&error))?;
    let name = format!("spec/{}.edited.json", base.revision + 1);
    open.decide(Decision::EditSpec, &BTreeMap::from([(name, text)])).await
}

impl EditedItem {
    /// The item as the spec has it. One that says the same as before keeps its author.
    fn of(self, base: &Spec) -> SpecItem {
        let id = self.id.unwrap_or_default();
        let behaviour = self.scenario.map(|Scenario { given, when, then }| Behaviour { given, when, then });
        let old = base.items.iter().find(|item| item.id == id);
        let kind = Kind::from(self.kind);
        match old {
            Some(old) if (old.kind, &old.text, &old.behaviour) == (kind, &self.text, &behaviour) => old.clone(),
            Some(old) => SpecItem { kind, text: self.text, behaviour, origin: Origin::Person, ..old.clone() },
            None => SpecItem {
                id,
                kind,
                text: self.text,
                behaviour,
                origin: Origin::Person,
                recipes: Vec::new(),
                places: Vec::new(),
            },
        }
    }
}
