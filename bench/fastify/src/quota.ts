// Quota and credits: what a round needs before it may begin, booked in double entry under the person's lock.

import { v7 } from "uuid";
import type { Runner } from "./database.ts";
import { statement } from "./database.ts";
import { ApiError } from "./errors.ts";
import type { Allowed } from "./tiers.ts";

const LOCK = statement("money_lock", "SELECT pg_advisory_xact_lock(hashtextextended($1, 7301))");
const RESERVED = statement(
  "reserved",
  "SELECT reserved_mc FROM quota_reservations WHERE job_id = $1 AND round = $2 AND status = 'RESERVED'",
);
const TODAY = statement(
  "today",
  "SELECT count(*) AS count FROM quota_reservations WHERE user_id = $1 AND counted_on = $2",
);
const BALANCES = statement("balances", "SELECT kind, balance_mc FROM credit_accounts WHERE user_id = $1");
const RESERVE = statement(
  "reserve",
  `INSERT INTO quota_reservations (id, user_id, job_id, round, idempotency_key, counted_on, reserved_mc, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
);
const BOOK = statement(
  "book",
  `INSERT INTO credit_transactions (id, idempotency_key, kind, user_id, job_id, round, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (idempotency_key) DO NOTHING`,
);
const ACCOUNT = statement(
  "account",
  "SELECT id FROM credit_accounts WHERE user_id IS NOT DISTINCT FROM $1 AND kind = $2",
);
const OPEN_ACCOUNT = statement(
  "open_account",
  `INSERT INTO credit_accounts (id, user_id, kind) VALUES ($1, $2, $3)
   ON CONFLICT (user_id, kind) DO UPDATE SET kind = excluded.kind RETURNING id`,
);
const ENTRIES = statement(
  "entries",
  "INSERT INTO credit_entries (transaction_id, account_id, amount_mc) VALUES ($1, $2, $3), ($1, $4, $5)",
);

type Round = { user: string; job: string; round: number };

/** Credits that must remain for a job to start, in thousandths. */
const TO_START = 10_000;

/** Reserves what a round needs to begin, or refuses. */
export async function reserve(client: Runner, at: Round, limits: Allowed, now: Date): Promise<void> {
  const { user, job, round } = at;
  await LOCK.run(client, [user]);
  if ((await RESERVED.run(client, [job, round])).rowCount !== 0) {
    return;
  }
  const day = now.toISOString().slice(0, 10);
  const today = (await TODAY.run<{ count: number }>(client, [user, day])).rows[0]?.count ?? 0;
  const rows = (await BALANCES.run<{ kind: string; balance_mc: number }>(client, [user])).rows;
  const available = rows.find((row) => row.kind === "AVAILABLE")?.balance_mc ?? 0;
  if (today >= limits.jobsADay) {
    throw new ApiError(403, "DAILY_JOBS_USED", `all ${limits.jobsADay} jobs of the day were started`, "Wait.");
  }
  if (available < TO_START) {
    throw new ApiError(403, "CREDITS_EXHAUSTED", "too little of this period's allowance is left", "Wait.");
  }
  await RESERVE.run(client, [v7(), user, job, round, `${job}:${round}`, day, TO_START, now]);
  await book(client, at, now);
}

async function book(client: Runner, { user, job, round }: Round, now: Date): Promise<void> {
  await LOCK.run(client, [user]);
  const id = v7();
  const booked = await BOOK.run(client, [id, `${job}:${round}:reserve`, "RESERVE", user, job, round, now]);
  if (booked.rowCount === 0) {
    return;
  }
  const from = await account(client, user, "AVAILABLE");
  const to = await account(client, user, "RESERVED");
  await ENTRIES.run(client, [id, from, -TO_START, to, TO_START]);
}

async function account(client: Runner, user: string, kind: string): Promise<string | undefined> {
  const found = (await ACCOUNT.run<{ id: string }>(client, [user, kind])).rows[0];
  return found?.id ?? (await OPEN_ACCOUNT.run<{ id: string }>(client, [v7(), user, kind])).rows[0]?.id;
}
