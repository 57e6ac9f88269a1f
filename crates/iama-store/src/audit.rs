//! Who did what. Entries are added and never changed.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A person.
    User(Uuid),
    /// An administrator.
    Admin(Uuid),
    /// The platform itself.
    System,
}

impl Actor {
    const fn parts(self) -> (&'static str, Option<Uuid>) {
        match self {
            Self::User(id) => ("USER", Some(id)),
            Self::Admin(id) => ("ADMIN", Some(id)),
            Self::System => ("SYSTEM", None),
        }
    }
}

/// What was done.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// By whom.
    pub actor: Actor,
    /// To whom.
    pub user: Option<Uuid>,
    /// To which job.
    pub job: Option<Uuid>,
    /// What, in capitals.
    pub action: &'a str,
    /// Ids, codes and counts.
    pub details: Value,
    /// In which request.
    pub request_id: Option<&'a str>,
}

/// Writes an entry.
pub async fn write(connection: &mut PgConnection, entry: &Entry<'_>, now: OffsetDateTime) -> Result<(), StoreError> {
    let (actor, actor_id) = entry.actor.parts();
    sqlx::query!(
        "INSERT INTO audit_events (id, actor, actor_id, user_id, job_id, action, details, request_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        Uuid::now_v7(),
        actor,
        actor_id,
        entry.user,
        entry.job,
        entry.action,
        entry.details,
        entry.request_id,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
