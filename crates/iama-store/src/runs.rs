//! Test runs and attempts at a patch, as rows: what the events of a job say of them, and the edits of a patch one by one.

use iama_job::event::{BaselineOutcome, TestOutcome};
use iama_job::{Effect, EffectId, EffectResult, Job};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;
use crate::sealing::Sealed;

/// Notes what an effect that a job waited for has answered.
pub(crate) async fn note(
    connection: &mut PgConnection,
    job: Uuid,
    before: &Job,
    answered: (&EffectId, &EffectResult),
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let (id, result) = answered;
    let Some(open) = before.in_flight.iter().find(|open| open.dispatch.id == *id) else { return Ok(()) };
    let row = Row { job, id, round: before.counters.round, attempt: before.counters.attempt, now };
    match (&open.dispatch.effect, result) {
        (Effect::RunBaseline { .. }, EffectResult::BaselineDone { outcome }) => {
            row.run(connection, "BASELINE", &baseline(outcome)).await
        }
        (Effect::RunTests { .. }, EffectResult::TestsRun { outcome }) => {
            row.run(connection, "RESULT", &tests(outcome)).await
        }
        (Effect::RetestSelection { .. }, EffectResult::TestsRun { outcome }) => {
            row.run(connection, "SELECTION", &tests(outcome)).await
        }
        (effect @ (Effect::RunRecipes { .. } | Effect::GeneratePatch { .. }), EffectResult::PatchGenerated { .. }) => {
            row.attempt(connection, effect, None).await
        }
        (
            effect @ (Effect::RunRecipes { .. } | Effect::GeneratePatch { .. }),
            EffectResult::PatchRefused { code, .. },
        ) => row.attempt(connection, effect, Some(code)).await,
        (Effect::ApplyPatch { .. }, EffectResult::PatchApplied) => row.applied(connection, None).await,
        (Effect::ApplyPatch { .. }, EffectResult::PatchRefused { code, .. }) => {
            row.applied(connection, Some(code)).await
        }
        _ => Ok(()),
    }
}

/// What a run has shown.
#[derive(Default)]
struct Shown {
    outcome: &'static str,
    passed: Option<i32>,
    failed: Option<i32>,
    uncovered: Option<i32>,
    fingerprint: Option<String>,
}

fn baseline(outcome: &BaselineOutcome) -> Shown {
    let count = |count: u32| Some(i32::try_from(count).unwrap_or(i32::MAX));
    match outcome {
        BaselineOutcome::Ran { passed, failed, uncovered } => Shown {
            outcome: if *failed == 0 { "PASSED" } else { "LOGIC_FAILURE" },
            passed: count(*passed),
            failed: count(*failed),
            uncovered: count(*uncovered),
            ..Shown::default()
        },
        BaselineOutcome::TimedOut => Shown { outcome: "TIMEOUT_EXECUTION", ..Shown::default() },
        BaselineOutcome::Unrunnable { uncovered } => {
            Shown { outcome: "UNRUNNABLE", uncovered: count(*uncovered), ..Shown::default() }
        }
    }
}

fn tests(outcome: &TestOutcome) -> Shown {
    match outcome {
        TestOutcome::Green => Shown { outcome: "PASSED", ..Shown::default() },
        TestOutcome::TimedOut => Shown { outcome: "TIMEOUT_EXECUTION", ..Shown::default() },
        TestOutcome::Failed { fingerprint } => {
            Shown { outcome: "LOGIC_FAILURE", fingerprint: Some(fingerprint.to_string()), ..Shown::default() }
        }
    }
}

struct Row<'a> {
    job: Uuid,
    id: &'a EffectId,
    round: u32,
    attempt: u8,
    now: OffsetDateTime,
}

impl Row<'_> {
    fn seq(&self) -> i64 {
        i64::try_from(self.id.seq).unwrap_or(i64::MAX)
    }

    fn round(&self) -> i32 {
        i32::try_from(self.round).unwrap_or(i32::MAX)
    }

    async fn run(&self, connection: &mut PgConnection, kind: &str, shown: &Shown) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO test_runs (id, job_id, effect_seq, effect_index, kind, round, attempt, outcome, passed, failed,
                 uncovered, failure_fingerprint, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            Uuid::now_v7(),
            self.job,
            self.seq(),
            i32::from(self.id.index),
            kind,
            self.round(),
            i16::from(self.attempt),
            shown.outcome,
            shown.passed,
            shown.failed,
            shown.uncovered,
            shown.fingerprint,
            self.now,
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn attempt(
        &self,
        connection: &mut PgConnection,
        effect: &Effect,
        refused: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO patch_attempts (id, job_id, effect_seq, effect_index, round, attempt, model_class, outcome,
                 refusal_code, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            Uuid::now_v7(),
            self.job,
            self.seq(),
            i32::from(self.id.index),
            self.round(),
            i16::from(self.attempt),
            effect.model().map_or("L0", iama_job::ModelClass::code),
            if refused.is_some() { "REFUSED" } else { "GENERATED" },
            refused,
            self.now,
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    /// What became of the patch that was made last.
    async fn applied(&self, connection: &mut PgConnection, refused: Option<&str>) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE patch_attempts SET outcome = $2, refusal_code = $3 WHERE id =
                 (SELECT id FROM patch_attempts WHERE job_id = $1 ORDER BY effect_seq DESC, effect_index DESC LIMIT 1)
                 AND outcome = 'GENERATED'",
            self.job,
            if refused.is_some() { "REFUSED" } else { "APPLIED" },
            refused,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// An edit of a patch, and what became of it.
#[derive(Debug, Clone)]
pub struct Operation<'a> {
    /// What it does.
    pub operation: &'a str,
    /// The file.
    pub path: &'a str,
    /// SHA-256 of the file that it was made for.
    pub base: Option<&'a str>,
    /// What it takes hold of, with its SHA-256.
    pub anchor: Option<(Sealed, [u8; 32])>,
    /// What became of it.
    pub outcome: &'a str,
}

/// The attempt that made the patch that was made last; nothing where none did.
pub async fn last_attempt(connection: &mut PgConnection, job: Uuid) -> Result<Option<Uuid>, StoreError> {
    let id = sqlx::query_scalar!(
        "SELECT id FROM patch_attempts WHERE job_id = $1 ORDER BY effect_seq DESC, effect_index DESC LIMIT 1",
        job,
    )
    .fetch_optional(connection)
    .await?;
    Ok(id)
}

/// Keeps the edits of an attempt, in their order. Those that are known stay.
pub async fn keep_operations(
    connection: &mut PgConnection,
    attempt: Uuid,
    operations: Vec<Operation<'_>>,
) -> Result<(), StoreError> {
    for (position, operation) in operations.into_iter().enumerate() {
        let (anchor, hash) = operation.anchor.map_or((None, None), |(anchor, hash)| (Some(anchor), Some(hash)));
        let key = anchor.as_ref().map(|anchor| anchor.key_ref.clone());
        sqlx::query!(
            "INSERT INTO patch_edit_operations (attempt_id, position, operation, path, target_file_fingerprint, apply_anchor,
                 kms_key_ref, anchor_sha256, apply_outcome)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            attempt,
            i32::try_from(position).unwrap_or(i32::MAX),
            operation.operation,
            operation.path,
            operation.base,
            anchor.map(Sealed::joined),
            key,
            hash.as_ref().map(|hash| &hash[..]),
            operation.outcome,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
