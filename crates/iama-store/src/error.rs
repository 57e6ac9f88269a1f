//! What goes wrong between IAMA and its database as a whole, each with a stable code and what to do about it.

/// Why there is no database to work with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no server of one's own.
    #[error(transparent)]
    Embedded(#[from] iama_postgres::Error),
    /// A URL cannot be read.
    #[error("{name} is no URL of a PostgreSQL database")]
    Url {
        /// The setting.
        name: &'static str,
        /// What is wrong with it.
        source: sqlx::Error,
    },
    /// Nobody answers, or not to us.
    #[error("the database at {name} cannot be reached")]
    Unreachable {
        /// The setting.
        name: &'static str,
        /// What came instead of an answer.
        source: sqlx::Error,
    },
    /// The server is older than the SQL.
    #[error("the server is PostgreSQL {found}, and {oldest} is the oldest that will do", oldest = iama_postgres::OLDEST)]
    TooOld {
        /// Its major version.
        found: i32,
    },
    /// A newer IAMA has been at this database.
    #[error("the database has migration {found}, and this build knows none after {known}")]
    Newer {
        /// A migration of the database.
        found: i64,
        /// The last one of this build.
        known: i64,
    },
    /// The database has a migration that this build knows otherwise, or not at all.
    #[error("migration {version} of the database is not the one of this build")]
    Changed {
        /// Which.
        version: i64,
    },
    /// Migrations are missing.
    #[error("the database has migration {found}, and this build needs {known}")]
    NotMigrated {
        /// The last one of the database; 0 for none.
        found: i64,
        /// The last one of this build.
        known: i64,
    },
    /// A migration failed; nothing of it is left.
    #[error("migrating the database failed")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// A statement failed.
    #[error("a statement failed")]
    Sql(#[from] sqlx::Error),
}

impl Error {
    /// A stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Embedded(error) => error.code(),
            Self::Url { .. } => "DATABASE_URL_INVALID",
            Self::Unreachable { .. } => "DATABASE_UNREACHABLE",
            Self::TooOld { .. } => "DATABASE_TOO_OLD",
            Self::Newer { .. } => "DATABASE_NEWER",
            Self::Changed { .. } => "DATABASE_MIGRATION_CHANGED",
            Self::NotMigrated { .. } => "DATABASE_NOT_MIGRATED",
            Self::Migration(_) => "DATABASE_MIGRATION_FAILED",
            Self::Sql(_) => "DATABASE_STATEMENT_FAILED",
        }
    }

    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Embedded(error) => error.hint(),
            Self::Url { .. } => "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE",
            Self::Unreachable { .. } => "see that the server runs and that user, password and database are right",
            Self::TooOld { .. } => "move the database to a newer PostgreSQL",
            Self::Newer { .. } => "start a build that is as new as the database; migrations do not go back",
            Self::Changed { .. } => "start the build that migrated this database, or restore its backup",
            Self::NotMigrated { .. } => "run `iama-server migrate`",
            Self::Migration(_) => "nothing of the migration was kept; see what PostgreSQL says, and try again",
            Self::Sql(_) => "see what PostgreSQL says",
        }
    }
}
