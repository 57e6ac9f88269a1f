//! Bringing a database to the form that this build needs. Migrations are numbered and only go forward.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection as _, PgConnection};

use crate::{Database, Error, Timeouts};

/// Those of the folder `migrations` at the root of the repository.
pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// The table that sqlx keeps account in.
const APPLIED: &str = "SELECT max(version) FROM _sqlx_migrations WHERE success";

impl Database {
    /// Applies the migrations that the database does not have, each in a transaction of its own, on a direct connection and
    /// under a lock: of several processes one does it, and the others wait. Refuses a database that a newer build has
    /// migrated. Then writes the time-outs down for the role.
    pub async fn migrate(&self) -> Result<(), Error> {
        self.migrate_with(&MIGRATIONS).await
    }

    pub(crate) async fn migrate_with(&self, migrations: &Migrator) -> Result<(), Error> {
        let mut connection = self.direct().await?;
        sqlx::raw_sql("SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0")
            .execute(&mut connection)
            .await?;
        // What `Migrator::run` does for a connection, without its bound, with which no future that migrates can be spawned.
        migrations.run_direct(None, &mut connection, false).await.map_err(|error| refused(migrations, error))?;
        write_timeouts(&mut connection, self.timeouts).await?;
        connection.close().await?;
        Ok(())
    }

    /// Whether the database has exactly the migrations of this build.
    pub async fn is_current(&self) -> Result<(), Error> {
        let known = latest(&MIGRATIONS);
        let exists = sqlx::query_scalar!(r#"SELECT to_regclass('_sqlx_migrations') IS NOT NULL AS "exists!""#);
        let mut connection = self.pool().acquire().await?;
        let found = if exists.fetch_one(&mut *connection).await? {
            sqlx::query_scalar::<_, Option<i64>>(APPLIED).fetch_one(&mut *connection).await?.unwrap_or(0)
        } else {
            0
        };
        match found.cmp(&known) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Less => Err(Error::NotMigrated { found, known }),
            std::cmp::Ordering::Greater => Err(Error::Newer { found, known }),
        }
    }
}

/// Makes the time-outs those with which every session of this role in this database begins. Only what differs is written.
pub(crate) async fn write_timeouts(connection: &mut PgConnection, timeouts: Timeouts) -> Result<(), Error> {
    let wanted = [
        ("statement_timeout", timeouts.statement),
        ("lock_timeout", timeouts.lock),
        ("idle_in_transaction_session_timeout", timeouts.idle_in_transaction),
    ];
    let written = sqlx::query_scalar!(
        r#"SELECT unnest(setconfig) AS "setting!" FROM pg_db_role_setting
           WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND setrole = (SELECT oid FROM pg_roles WHERE rolname = current_user)"#,
    )
    .fetch_all(&mut *connection)
    .await?;
    for (name, time) in wanted {
        let value = time.as_millis().to_string();
        if written.contains(&format!("{name}={value}")) {
            continue;
        }
        let statement: String = sqlx::query_scalar(
            "SELECT format('ALTER ROLE CURRENT_USER IN DATABASE %I SET %I = %L', current_database(), $1::text, $2::text)",
        )
        .bind(name)
        .bind(value)
        .fetch_one(&mut *connection)
        .await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *connection).await?;
    }
    Ok(())
}

fn latest(migrations: &Migrator) -> i64 {
    migrations.iter().map(|migration| migration.version).max().unwrap_or(0)
}

fn refused(migrations: &Migrator, error: MigrateError) -> Error {
    let known = latest(migrations);
    match error {
        MigrateError::VersionMissing(found) if found > known => Error::Newer { found, known },
        MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => Error::Changed { version },
        error => Error::Migration(error),
    }
}
