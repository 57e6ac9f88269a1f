//! `GET /api/v1/jobs/{job_id}/spec`: what was agreed.

use axum::extract::State;
use iama_engine::spec::{Kind, Origin, Spec, SpecItem};
use iama_store::StoreError;
use iama_store::specs;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::documents;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::{self, Unseen, Viewed};

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ItemKind {
    /// What IAMA itself holds to.
    Rule,
    /// Behaviour that stays.
    Bdd,
    /// What is built or changed.
    Sdd,
}

impl From<ItemKind> for Kind {
    fn from(kind: ItemKind) -> Self {
        match kind {
            ItemKind::Rule => Self::Rule,
            ItemKind::Bdd => Self::Behaviour,
            ItemKind::Sdd => Self::Design,
        }
    }
}

impl From<Kind> for ItemKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Rule => Self::Rule,
            Kind::Behaviour => Self::Bdd,
            Kind::Design => Self::Sdd,
        }
    }
}

/// Behaviour as a scenario.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// What there is.
    pub(crate) given: String,
    /// What happens.
    pub(crate) when: String,
    /// What must come of it.
    pub(crate) then: String,
}

/// A spec.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpecView {
    /// Which revision, from 1.
    revision: u32,
    /// Its token: an edit names it.
    #[schema(example = "2f1c7b1e5d53bf76edb4a085654e2899")]
    revision_token: String,
    /// How much is taken on.
    #[schema(example = "STANDARD")]
    strategy: String,
    /// Whether items of design are folded away: for people who are spared jargon.
    sdd_hidden: bool,
    /// What must hold.
    items: Vec<ItemView>,
    /// All revisions, the oldest first.
    revisions: Vec<RevisionView>,
}

/// An item.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemView {
    /// Its name; it stays the same whatever becomes of its words.
    #[schema(example = "B1")]
    id: String,
    /// What it is.
    kind: ItemKind,
    /// What must hold.
    text: String,
    /// The same as a scenario.
    scenario: Option<Scenario>,
    /// Who wrote it: `RECIPES`, `PERSON` or `MODEL`.
    #[schema(example = "RECIPES")]
    origin: &'static str,
    /// Recipes that it is about.
    recipes: Vec<String>,
    /// Places that it is about, as `FILE` or `FILE:LINE,LINE`.
    places: Vec<String>,
}

/// A revision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevisionView {
    /// Which.
    revision: i32,
    /// How it came to be: `DRAFT`, `USER`, `WORDS`, `FAST_TRACK` or `FALLBACK`.
    #[schema(example = "DRAFT")]
    author: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it was approved.
    #[serde(with = "time::serde::rfc3339::option")]
    approved_at: Option<OffsetDateTime>,
}

/// What was agreed, or waits to be.
#[utoipa::path(get, path = "/jobs/{job_id}/spec", operation_id = "getSpec", tag = "Views", security(("user" = [])),
    params(Viewed), responses((status = OK, body = SpecView), Unseen))]
pub(crate) async fn get(State(state): State<AppState>, own: OwnJob) -> Result<Json<SpecView>, ApiError> {
    let job = viewing::job(&state, own).await?;
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let name = format!("spec/{}.json", job.spec_revision);
    let spec: Option<Spec> = documents::latest(&state, &mut connection, own.id, &name).await?;
    let spec = spec.ok_or_else(|| ApiError::not_yet("spec"))?;
    let revisions = specs::of(&mut connection, own.id).await?;
    Ok(Json(SpecView {
        revision: spec.revision,
        revision_token: spec.token,
        strategy: spec.strategy.name().to_uppercase(),
        sdd_hidden: job.entitlement.segment == iama_job::Segment::A,
        items: spec.items.into_iter().map(ItemView::from).collect(),
        revisions: revisions.into_iter().map(RevisionView::from).collect(),
    }))
}

impl From<SpecItem> for ItemView {
    fn from(item: SpecItem) -> Self {
        let lines = |lines: &[u32]| lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let place = |place: &iama_engine::spec::SitePlace| match place.lines.as_slice() {
            [] => place.file.clone(),
            all => format!("{}:{}", place.file, lines(all)),
        };
        Self {
            places: item.places.iter().map(place).collect(),
            id: item.id,
            kind: item.kind.into(),
            text: item.text,
            scenario: item.behaviour.map(|one| Scenario { given: one.given, when: one.when, then: one.then }),
            origin: match item.origin {
                Origin::Recipes => "RECIPES",
                Origin::Person => "PERSON",
                Origin::Model => "MODEL",
            },
            recipes: item.recipes,
        }
    }
}

impl From<specs::Revision> for RevisionView {
    fn from(row: specs::Revision) -> Self {
        Self { revision: row.revision, author: row.author, created_at: row.created_at, approved_at: row.approved_at }
    }
}
