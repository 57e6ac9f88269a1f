//! Which database this is. What lies outside of it and belongs to it, such as sealed bytes, says so with this name.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::StoreError;

/// The database's name for itself, made when it is first asked for. It goes with a dump, and so to whatever is restored from one.
pub async fn of(connection: &mut PgConnection) -> Result<Uuid, StoreError> {
    sqlx::query!("INSERT INTO identity (id) VALUES (gen_random_uuid()) ON CONFLICT DO NOTHING")
        .execute(&mut *connection)
        .await?;
    Ok(sqlx::query_scalar!("SELECT id FROM identity").fetch_one(connection).await?)
}
