// What people are entitled to.

import type { Runner } from "./database.ts";
import { statement } from "./database.ts";
import { ApiError } from "./errors.ts";

const STARTER = statement(
  "starter",
  `SELECT consent_given_at IS NOT NULL AS has_consented, disclosure_accepted_at IS NOT NULL AS knows_disclosure,
     coalesce((SELECT value = 'true' FROM dynamic_configs WHERE key = 'system.kill_switch.global'), false) AS all_stopped,
     EXISTS (SELECT FROM user_kill_switches WHERE user_id = $1) AS stopped, segment, expert
   FROM users WHERE id = $1 AND deleted_at IS NULL`,
);
const SUBSCRIPTION = statement(
  "subscription",
  `SELECT tier, trial, status, period_started_at, period_ends_at, extra_jobs_a_day,
     (SELECT value FROM dynamic_configs WHERE key = 'tier_limits') AS limits,
     (SELECT value FROM dynamic_configs WHERE key = 'tier_context_caps') AS caps
   FROM subscription_tiers WHERE user_id = $1`,
);

type Person = {
  has_consented: boolean;
  knows_disclosure: boolean;
  all_stopped: boolean;
  stopped: boolean;
  segment: string;
  expert: boolean;
};

/** Refuses whoever may start nothing. */
export async function requireMayStart(runner: Runner, user: string): Promise<Person> {
  const person = (await STARTER.run<Person>(runner, [user])).rows[0];
  if (person === undefined) {
    throw new Error("a user is missing");
  }
  if (!person.has_consented) {
    throw new ApiError(403, "CONSENT_REQUIRED", "without consent no job can start", "Accept the terms first.");
  }
  if (!person.knows_disclosure) {
    throw new ApiError(403, "DISCLOSURE_REQUIRED", "the disclosure has not been accepted", "Accept it first.");
  }
  if (person.all_stopped) {
    throw new ApiError(503, "EVERYTHING_STOPPED", "no job can start at present", "Try again later.");
  }
  if (person.stopped) {
    throw new ApiError(403, "ACCOUNT_SUSPENDED", "this account may start no job at present", "Write to support.");
  }
  return person;
}

export type Allowed = { tier: string; trial: boolean; jobsADay: number; contextTokens: number };

type Subscription = {
  tier: string;
  trial: boolean;
  extra_jobs_a_day: number;
  limits: Record<string, { jobs_a_day: number }> | null;
  caps: Record<string, number> | null;
};

/** What a person may start and use now. */
export async function allowed(runner: Runner, user: string): Promise<Allowed> {
  const subscription = (await SUBSCRIPTION.run<Subscription>(runner, [user])).rows[0];
  if (subscription === undefined) {
    throw new Error("a subscription is missing");
  }
  const { tier, trial, extra_jobs_a_day, limits, caps } = subscription;
  return {
    tier,
    trial,
    jobsADay: Math.max(0, (limits?.[tier]?.jobs_a_day ?? 0) + extra_jobs_a_day),
    contextTokens: caps?.[tier] ?? 0,
  };
}
