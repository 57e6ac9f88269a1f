//! What jobs leave behind, as rows: where the sealed bytes lie, what they are, and when they go.

use std::collections::BTreeSet;

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::StoreError;

/// How long artifacts are kept.
pub const KEPT: Duration = Duration::days(14);

/// An artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its name.
    pub id: Uuid,
    /// The job.
    pub job: Uuid,
    /// What it is.
    pub kind: String,
    /// What the executor calls it.
    pub name: String,
    /// The record that it came with, or that asked for what it came of.
    pub seq: i64,
    /// The key that wraps its own.
    pub kms_key_ref: String,
    /// Its own key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// Where the sealed bytes lie.
    pub object_key: String,
    /// SHA-256 of the plain bytes.
    pub sha256: Vec<u8>,
    /// How many plain bytes.
    pub size_bytes: i64,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When the bytes go.
    pub expires_at: OffsetDateTime,
    /// When they went.
    pub deleted_at: Option<OffsetDateTime>,
}

/// Where an artifact comes from: the effect and the turn, or the record of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The record.
    pub seq: i64,
    /// The effect of the record.
    pub index: i32,
    /// The turn of the effect.
    pub turn: i32,
}

/// The context that an artifact is sealed for.
pub fn context(job: Uuid, id: Uuid) -> String {
    format!("artifact:{job}:{id}")
}

/// Keeps the row of an artifact whose bytes are in place. One of the same name from the same origin stays as it is. Gives the
/// name of the row that is there.
pub async fn keep(connection: &mut PgConnection, artifact: &Artifact, origin: Origin) -> Result<Uuid, StoreError> {
    let id = sqlx::query_scalar!(
        "INSERT INTO job_artifacts (id, job_id, kind, name, effect_seq, effect_index, turn, kms_key_ref, wrapped_key,
             object_key, size_bytes, sha256, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (job_id, effect_seq, effect_index, turn, name) WHERE effect_seq IS NOT NULL AND name IS NOT NULL
         DO UPDATE SET name = excluded.name RETURNING id",
        artifact.id,
        artifact.job,
        artifact.kind,
        artifact.name,
        origin.seq,
        origin.index,
        origin.turn,
        artifact.kms_key_ref,
        artifact.wrapped_key,
        artifact.object_key,
        artifact.size_bytes,
        artifact.sha256,
        artifact.created_at,
        artifact.expires_at,
    )
    .fetch_one(connection)
    .await?;
    Ok(id)
}

/// An artifact that came of an effect.
pub async fn get(connection: &mut PgConnection, id: Uuid) -> Result<Option<Artifact>, StoreError> {
    let row = sqlx::query_as!(
        Artifact,
        r#"SELECT id, job_id AS job, kind, name AS "name!", effect_seq AS "seq!", kms_key_ref, wrapped_key, object_key,
             sha256, size_bytes, created_at, expires_at, deleted_at
         FROM job_artifacts WHERE id = $1 AND name IS NOT NULL AND effect_seq IS NOT NULL"#,
        id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

/// The artifacts of a kind that came with records after a number, oldest first.
pub async fn after(
    connection: &mut PgConnection,
    job: Uuid,
    kind: &str,
    seq: i64,
) -> Result<Vec<Artifact>, StoreError> {
    let rows = sqlx::query_as!(
        Artifact,
        r#"SELECT id, job_id AS job, kind, name AS "name!", effect_seq AS "seq!", kms_key_ref, wrapped_key, object_key,
             sha256, size_bytes, created_at, expires_at, deleted_at
         FROM job_artifacts
         WHERE job_id = $1 AND kind = $2 AND effect_seq > $3 AND name IS NOT NULL AND deleted_at IS NULL
         ORDER BY effect_seq, id"#,
        job,
        kind,
        seq,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// The latest artifact of a name.
pub async fn latest(connection: &mut PgConnection, job: Uuid, name: &str) -> Result<Option<Artifact>, StoreError> {
    let row = sqlx::query_as!(
        Artifact,
        r#"SELECT id, job_id AS job, kind, name AS "name!", effect_seq AS "seq!", kms_key_ref, wrapped_key, object_key,
             sha256, size_bytes, created_at, expires_at, deleted_at
         FROM job_artifacts WHERE job_id = $1 AND name = $2 AND effect_seq IS NOT NULL
         ORDER BY effect_seq DESC, effect_index DESC, turn DESC LIMIT 1"#,
        job,
        name,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

/// The latest artifact of each name, by name.
pub async fn of(connection: &mut PgConnection, job: Uuid) -> Result<Vec<Artifact>, StoreError> {
    let rows = sqlx::query_as!(
        Artifact,
        r#"SELECT DISTINCT ON (name) id, job_id AS job, kind, name AS "name!", effect_seq AS "seq!", kms_key_ref,
             wrapped_key, object_key, sha256, size_bytes, created_at, expires_at, deleted_at
         FROM job_artifacts WHERE job_id = $1 AND name IS NOT NULL AND effect_seq IS NOT NULL
         ORDER BY name, effect_seq DESC, effect_index DESC, turn DESC"#,
        job,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// An artifact of a job.
pub async fn of_job(connection: &mut PgConnection, job: Uuid, id: Uuid) -> Result<Option<Artifact>, StoreError> {
    let row = sqlx::query_as!(
        Artifact,
        r#"SELECT id, job_id AS job, kind, name AS "name!", effect_seq AS "seq!", kms_key_ref, wrapped_key, object_key,
             sha256, size_bytes, created_at, expires_at, deleted_at
         FROM job_artifacts WHERE job_id = $1 AND id = $2 AND name IS NOT NULL AND effect_seq IS NOT NULL"#,
        job,
        id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

/// Artifacts whose time is over and whose bytes are there still.
pub async fn expired(
    connection: &mut PgConnection,
    now: OffsetDateTime,
    most: i64,
) -> Result<Vec<(Uuid, String)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, object_key FROM job_artifacts WHERE deleted_at IS NULL AND expires_at <= $1
         ORDER BY expires_at LIMIT $2",
        now,
        most,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.object_key)).collect())
}

/// Notes that the bytes of an artifact are gone. The row stays.
pub async fn gone(connection: &mut PgConnection, id: Uuid, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("UPDATE job_artifacts SET deleted_at = coalesce(deleted_at, $2) WHERE id = $1", id, now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Those of some names that no artifact has whose bytes are there.
pub async fn unknown(connection: &mut PgConnection, ids: &[Uuid]) -> Result<BTreeSet<Uuid>, StoreError> {
    let rows = sqlx::query_scalar!(
        r#"SELECT named AS "named!" FROM unnest($1::uuid[]) AS named
           WHERE NOT EXISTS (SELECT FROM job_artifacts a WHERE a.id = named AND a.deleted_at IS NULL)"#,
        ids,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}
