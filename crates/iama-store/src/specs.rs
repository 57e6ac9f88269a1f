//! Revisions of specs, as rows: who made one of what, and when it was approved. Their words are sealed.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;
use crate::sealing::Sealed;

/// A revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// From 1.
    pub revision: i32,
    /// How it came to be.
    pub author: String,
    /// When.
    pub created_at: OffsetDateTime,
    /// When it was approved.
    pub approved_at: Option<OffsetDateTime>,
}

/// A revision that a machine has made.
#[derive(Debug, Clone)]
pub struct NewRevision<'a> {
    /// The job.
    pub job: Uuid,
    /// From 1.
    pub revision: i32,
    /// What an edit of it has to name.
    pub token: Uuid,
    /// `CONSERVATIVE`, `STANDARD` or `COMPREHENSIVE`.
    pub strategy: &'a str,
    /// `DRAFT`, `USER`, `WORDS`, `FAST_TRACK` or `FALLBACK`.
    pub author: &'a str,
    /// The record that asked for it.
    pub seq: i64,
    /// Its items.
    pub items: Vec<NewItem<'a>>,
}

/// An item.
#[derive(Debug, Clone)]
pub struct NewItem<'a> {
    /// Its name.
    pub id: &'a str,
    /// Whether it is about behaviour (BDD); else it is about design (SDD).
    pub behaviour: bool,
    /// Who wrote it.
    pub origin: &'static str,
    /// SHA-256 of its words.
    pub sha256: [u8; 32],
    /// Its words.
    pub content: Sealed,
}

/// The context that the words of an item are sealed for.
pub fn context(job: Uuid, revision: i32, item: &str) -> String {
    format!("spec:{job}:{revision}:{item}")
}

/// Keeps a revision whose text is kept as the newest artifact `spec/N.json` of the job. One that is known stays as it is.
pub async fn keep(connection: &mut PgConnection, new: NewRevision<'_>, now: OffsetDateTime) -> Result<(), StoreError> {
    let id = sqlx::query_scalar!(
        "INSERT INTO spec_revisions (id, job_id, revision, revision_token, strategy, author, artifact_id, created_at, approved_at)
         SELECT $1, $2, $3, $4, $5, $6, a.id, $7,
             (SELECT min(e.at) FROM job_events e WHERE e.job_id = $2 AND e.seq > $8 AND e.kind = 'APPROVE_SPEC')
         FROM job_artifacts a WHERE a.job_id = $2 AND a.name = $9 ORDER BY a.created_at DESC, a.id DESC LIMIT 1
         ON CONFLICT (job_id, revision) DO NOTHING RETURNING id",
        Uuid::now_v7(),
        new.job,
        new.revision,
        new.token,
        new.strategy,
        new.author,
        now,
        new.seq,
        format!("spec/{}.json", new.revision),
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(id) = id else { return Ok(()) };
    for (position, item) in new.items.into_iter().enumerate() {
        keep_item(connection, id, i32::try_from(position).unwrap_or(i32::MAX), item).await?;
    }
    Ok(())
}

async fn keep_item(
    connection: &mut PgConnection,
    revision: Uuid,
    position: i32,
    item: NewItem<'_>,
) -> Result<(), StoreError> {
    let (key, hash, content) = (item.content.key_ref.clone(), item.sha256, item.content.joined());
    if item.behaviour {
        sqlx::query!(
            "INSERT INTO bdd_items (revision_id, item_id, position, origin, content, kms_key_ref, content_sha256)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            revision,
            item.id,
            position,
            item.origin,
            content,
            key,
            &hash[..],
        )
        .execute(connection)
        .await?;
    } else {
        sqlx::query!(
            "INSERT INTO sdd_items (revision_id, item_id, position, origin, content, kms_key_ref, content_sha256)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            revision,
            item.id,
            position,
            item.origin,
            content,
            key,
            &hash[..],
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// Notes that the newest revision that is known is approved.
pub(crate) async fn approve(connection: &mut PgConnection, job: Uuid, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE spec_revisions SET approved_at = $2 WHERE approved_at IS NULL AND job_id = $1 AND revision =
             (SELECT spec_revision FROM refactor_jobs WHERE id = $1)",
        job,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The revisions of a job, the oldest first.
pub async fn of(connection: &mut PgConnection, job: Uuid) -> Result<Vec<Revision>, StoreError> {
    let rows = sqlx::query_as!(
        Revision,
        "SELECT revision, author, created_at, approved_at FROM spec_revisions WHERE job_id = $1 ORDER BY revision",
        job,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}
