//! Credits, in double entry. Amounts are thousandths of a credit.
//!
//! A transaction is booked once for each idempotency key. Balances cannot fall below zero, and the entries of a
//! transaction sum to zero: the database holds both.

use iama_job::MilliCredits;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;

/// Where credits are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    /// A person may use them.
    Available,
    /// A job may use them.
    Reserved,
    /// They were charged.
    Spent,
    /// The platform's: where grants come from.
    Granted,
    /// The platform's: where credits go at the end of their period.
    Expired,
    /// The platform's: what it pays for itself.
    Absorbed,
    /// The platform's: what went to providers.
    Providers,
}

impl Account {
    const fn kind(self) -> &'static str {
        match self {
            Self::Available => "AVAILABLE",
            Self::Reserved => "RESERVED",
            Self::Spent => "SPENT",
            Self::Granted => "GRANTED",
            Self::Expired => "EXPIRED",
            Self::Absorbed => "ABSORBED",
            Self::Providers => "PROVIDERS",
        }
    }

    const fn is_personal(self) -> bool {
        matches!(self, Self::Available | Self::Reserved | Self::Spent)
    }
}

/// Why a transaction is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A period begins.
    Grant,
    /// A period ends.
    Expire,
    /// A round begins.
    Reserve,
    /// A call may cost more than was reserved.
    Hold,
    /// What a round did not use goes back.
    Release,
    /// What a round used is paid.
    Charge,
    /// A round that was charged turned out to be the platform's failure.
    Correct,
    /// An administrator gives or takes.
    Adjust,
}

impl Kind {
    const fn code(self) -> &'static str {
        match self {
            Self::Grant => "GRANT",
            Self::Expire => "EXPIRE",
            Self::Reserve => "RESERVE",
            Self::Hold => "HOLD",
            Self::Release => "RELEASE",
            Self::Charge => "CHARGE",
            Self::Correct => "CORRECT",
            Self::Adjust => "ADJUST",
        }
    }
}

/// A transfer between two accounts.
#[derive(Debug, Clone, Copy)]
pub struct Transfer<'a> {
    /// Why.
    pub kind: Kind,
    /// Books once.
    pub key: &'a str,
    /// Whose.
    pub user: Uuid,
    /// For which job.
    pub job: Option<Uuid>,
    /// For which of its rounds.
    pub round: Option<u32>,
    /// From where.
    pub from: Account,
    /// To where.
    pub to: Account,
    /// How much.
    pub amount: MilliCredits,
}

/// What a person has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Balances {
    /// May be used.
    pub available: MilliCredits,
    /// Jobs may use them.
    pub reserved: MilliCredits,
    /// Were charged, ever.
    pub spent: MilliCredits,
}

/// Books a transfer; nothing happens when there is nothing to move or it was booked before. Fails with
/// [`StoreError::is_short`] when a person does not have that much.
pub async fn book(
    connection: &mut PgConnection,
    transfer: &Transfer<'_>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    if transfer.amount.0 == 0 {
        return Ok(());
    }
    lock(connection, transfer.user).await?;
    let id = Uuid::now_v7();
    let round = transfer.round.map(|round| i32::try_from(round).unwrap_or(i32::MAX));
    let booked = sqlx::query!(
        "INSERT INTO credit_transactions (id, idempotency_key, kind, user_id, job_id, round, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (idempotency_key) DO NOTHING",
        id,
        transfer.key,
        transfer.kind.code(),
        transfer.user,
        transfer.job,
        round,
        now,
    )
    .execute(&mut *connection)
    .await?;
    if booked.rows_affected() == 0 {
        return Ok(());
    }
    let amount = i64::try_from(transfer.amount.0).unwrap_or(i64::MAX);
    let from = account(connection, transfer.user, transfer.from).await?;
    let to = account(connection, transfer.user, transfer.to).await?;
    sqlx::query!(
        "INSERT INTO credit_entries (transaction_id, account_id, amount_mc) VALUES ($1, $2, $3), ($1, $4, $5)",
        id,
        from,
        -amount,
        to,
        amount,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The account's id; made when it is first used.
async fn account(connection: &mut PgConnection, user: Uuid, account: Account) -> Result<Uuid, StoreError> {
    let owner = account.is_personal().then_some(user);
    let found = sqlx::query_scalar!(
        "SELECT id FROM credit_accounts WHERE user_id IS NOT DISTINCT FROM $1 AND kind = $2",
        owner,
        account.kind(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(found) = found {
        return Ok(found);
    }
    let made = sqlx::query_scalar!(
        "INSERT INTO credit_accounts (id, user_id, kind) VALUES ($1, $2, $3)
         ON CONFLICT (user_id, kind) DO UPDATE SET kind = excluded.kind RETURNING id",
        Uuid::now_v7(),
        owner,
        account.kind(),
    )
    .fetch_one(connection)
    .await?;
    Ok(made)
}

/// Takes a person's money, and the count of their jobs, for the rest of the transaction. Whoever moves any of it comes
/// through here, so that decisions about it are made one after the other.
pub async fn lock(connection: &mut PgConnection, user: Uuid) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 7301))", user.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// What a person has.
pub async fn balances(connection: &mut PgConnection, user: Uuid) -> Result<Balances, StoreError> {
    let rows = sqlx::query!("SELECT kind, balance_mc FROM credit_accounts WHERE user_id = $1", user)
        .fetch_all(connection)
        .await?;
    let of = |kind: &str| {
        let row = rows.iter().find(|row| row.kind == kind);
        MilliCredits(row.map_or(0, |row| u64::try_from(row.balance_mc).unwrap_or_default()))
    };
    Ok(Balances { available: of("AVAILABLE"), reserved: of("RESERVED"), spent: of("SPENT") })
}

/// What does not add up: empty when all entries sum to zero and every balance is the sum of its entries.
pub async fn audit(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    let faults = sqlx::query_scalar!(
        r#"SELECT 'transaction ' || transaction_id || ' sums to ' || sum(amount_mc) AS "fault!"
           FROM credit_entries GROUP BY transaction_id HAVING sum(amount_mc) <> 0
           UNION ALL
           SELECT 'account ' || a.id || ' holds ' || a.balance_mc || ', its entries ' || coalesce(sum(e.amount_mc), 0)
           FROM credit_accounts a LEFT JOIN credit_entries e ON e.account_id = a.id
           GROUP BY a.id HAVING a.balance_mc <> coalesce(sum(e.amount_mc), 0)
           UNION ALL
           SELECT 'all accounts sum to ' || sum(balance_mc) FROM credit_accounts HAVING sum(balance_mc) <> 0"#
    )
    .fetch_all(connection)
    .await?;
    Ok(faults)
}
