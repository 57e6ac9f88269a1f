//! What decisions name: tests of the job, the revision of its spec.

use iama_engine::executor::SuiteSummary;
use iama_engine::spec::Spec;
use iama_job::TestId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::deciding::Open;
use crate::documents;
use crate::error::{ApiError, ErrorCode};
use crate::extract::Fields;
use crate::state::AppState;

/// The most tests of one decision.
const MOST: usize = 10_000;

/// Tests by name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestNames {
    /// They.
    #[schema(example = json!(["tests/test_a.py::TestA::test_b"]), min_items = 1)]
    pub(crate) tests: Vec<String>,
}

/// Tests that the job knows: by name, or by the file of one that was never started.
pub(crate) async fn known(state: &AppState, open: &mut Open<'_>, named: TestNames) -> Result<Vec<TestId>, ApiError> {
    let job = open.job_id();
    let (mut ids, mut files) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for side in ["legacy.summary.json", "result.summary.json"] {
        let suite = documents::latest::<SuiteSummary>(state, open.connection(), job, side).await?;
        for case in suite.iter().flat_map(|suite| &suite.cases) {
            files.extend(case.id.0.split_once("::").map(|(file, _)| file.to_owned()));
            ids.insert(case.id.0.clone());
        }
        files.extend(suite.into_iter().flat_map(|suite| suite.uncollected));
    }
    let mut fields = Fields::default();
    fields.require(!named.tests.is_empty(), "tests", "are missing");
    fields.require(named.tests.len() <= MOST, "tests", format!("are more than {MOST}"));
    for test in &named.tests {
        let file = test.split_once("::").map_or(test.as_str(), |(file, _)| file);
        fields.require(ids.contains(test) || files.contains(file), "tests", format!("{test:?} is none of the job's"));
    }
    fields.done()?;
    Ok(named.tests.into_iter().map(|test| TestId(test.clone())).collect())
}

/// The current revision of the spec, if that is the one that somebody has read.
pub(crate) async fn spec_of(state: &AppState, open: &mut Open<'_>, token: &str) -> Result<Spec, ApiError> {
    let (job, revision) = (open.job_id(), open.job().spec_revision);
    let spec = documents::latest::<Spec>(state, open.connection(), job, &format!("spec/{revision}.json")).await?;
    let spec = spec.ok_or_else(|| ApiError::new(ErrorCode::SpecStale, "the current revision has not arrived yet"))?;
    if spec.token == token {
        return Ok(spec);
    }
    Err(ApiError::new(ErrorCode::SpecStale, format!("the spec has become revision {revision} since it was read"))
        .details(serde_json::json!({ "revision": revision })))
}
