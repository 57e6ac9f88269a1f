//! Why the database did not do what it was asked.

use iama_job::journal::FoldError;

use crate::sealing::SealError;

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database, or the way to it.
    #[error("the database")]
    Database(#[from] sqlx::Error),
    /// A value in a row is not what this version writes.
    #[error("{column} holds {value:?}, which this version does not know")]
    UnknownValue {
        /// The column.
        column: &'static str,
        /// Its value.
        value: String,
    },
    /// A document in a row cannot be understood.
    #[error("{column} cannot be understood")]
    BadDocument {
        /// The column.
        column: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// A job's events do not fold.
    #[error("the events of a job do not fold")]
    Fold(#[from] FoldError),
    /// Something cannot be sealed or opened.
    #[error("sealing")]
    Seal(#[from] SealError),
    /// Something that must be there is not.
    #[error("there is no {0}")]
    Missing(&'static str),
}

impl StoreError {
    /// Whether the database could not be reached in time: worth to try again.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Database(error) => match error {
                sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
                // 53: no resources, 57P: the server shuts down or starts.
                sqlx::Error::Database(error) => {
                    error.code().is_some_and(|code| code.starts_with("53") || code.starts_with("57P"))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether somebody does not have as many credits as were to be moved.
    pub fn is_short(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error))
            if error.constraint() == Some("credit_accounts_not_below_zero"))
    }

    /// Whether a row with the same key is there already.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.is_unique_violation())
    }
}
