// What people are entitled to.

import type { Runner } from "./database.ts";
import { statement } from "./database.ts";
import { ApiError } from "./errors.ts";

const USER = statement(
  "user",
  `SELECT id, email, email_verified_at, password_hash, display_name, segment, expert, consent_given_at,
     disclosure_accepted_at, created_at
   FROM users WHERE id = $1 AND deleted_at IS NULL`,
);
const STOPPED = statement("stopped", "SELECT EXISTS (SELECT FROM user_kill_switches WHERE user_id = $1) AS stopped");
const SUBSCRIPTION = statement(
  "subscription",
  `SELECT tier, trial, period_started_at, period_ends_at, extra_jobs_a_day FROM subscription_tiers
   WHERE user_id = $1`,
);
const CONFIG = statement("config", "SELECT value FROM dynamic_configs WHERE key = $1");

type Person = { segment: string; expert: boolean; consent_given_at: string | null; disclosure_accepted_at: string | null };

/** Refuses whoever may start nothing. */
export async function requireMayStart(runner: Runner, user: string): Promise<Person> {
  const person = (await USER.run<Person>(runner, [user])).rows[0];
  if (person === undefined) {
    throw new Error("a user is missing");
  }
  if (person.consent_given_at === null) {
    throw new ApiError(403, "CONSENT_REQUIRED", "without consent no job can start", "Accept the terms first.");
  }
  if (person.disclosure_accepted_at === null) {
    throw new ApiError(403, "DISCLOSURE_REQUIRED", "the disclosure has not been accepted", "Accept it first.");
  }
  if ((await STOPPED.run<{ stopped: boolean }>(runner, [user])).rows[0]?.stopped === true) {
    throw new ApiError(403, "ACCOUNT_SUSPENDED", "this account may start no job at present", "Write to support.");
  }
  return person;
}

export type Allowed = { tier: string; trial: boolean; jobsADay: number; contextTokens: number };

type Subscription = { tier: string; trial: boolean; extra_jobs_a_day: number };

/** What a person may start and use now. */
export async function allowed(runner: Runner, user: string): Promise<Allowed> {
  const subscription = (await SUBSCRIPTION.run<Subscription>(runner, [user])).rows[0];
  if (subscription === undefined) {
    throw new Error("a subscription is missing");
  }
  const { tier, trial, extra_jobs_a_day } = subscription;
  const limits = await config<{ jobs_a_day: number }>(runner, "tier_limits");
  const caps = await config<number>(runner, "tier_context_caps");
  return {
    tier,
    trial,
    jobsADay: Math.max(0, (limits[tier]?.jobs_a_day ?? 0) + extra_jobs_a_day),
    contextTokens: caps[tier] ?? 0,
  };
}

async function config<T>(runner: Runner, key: string): Promise<Record<string, T>> {
  return (await CONFIG.run<{ value: Record<string, T> }>(runner, [key])).rows[0]?.value ?? {};
}
