// `POST /jobs/{job_id}/start`: quota is reserved, the event is appended and its consequences are written, in one transaction.

import type { FastifyInstance } from "fastify";
import { v7 } from "uuid";
import { type Runner, statement, transaction } from "./database.ts";
import { ApiError, errorSchema, notFound } from "./errors.ts";
import { once } from "./once.ts";
import { reserve } from "./quota.ts";
import { type Allowed, allowed, requireMayStart } from "./tiers.ts";

const ROUTES = statement("routes", "SELECT value, version FROM dynamic_configs WHERE key = 'IAMA_LLM_ROUTE_TABLE'");
const ROUTED = statement(
  "routed",
  "UPDATE refactor_jobs SET route_table_version = $2 WHERE id = $1 RETURNING pre_authorised",
);
const LOCK = statement("lock", "SELECT owner_id, snapshot FROM refactor_jobs WHERE id = $1 FOR UPDATE");
const APPEND = statement(
  "append",
  `INSERT INTO job_events (job_id, seq, at, kind, from_place, to_place, rules_version, record)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
);
const PROJECT = statement(
  "project",
  `UPDATE refactor_jobs SET
     status = $2, place = $3, failure_reason = $4, strategy = $5, baseline_mode = $6, confidence = $7,
     round = $8, attempt_count = $9, identical_failure_count = $10, failure_pattern_fingerprint = $11,
     spec_revision = $12, seq = $13, snapshot = $14, artifacts_expire_at = $15, updated_at = $16,
     started_at = coalesce(started_at, $16),
     ended_at = CASE WHEN $17 THEN coalesce(ended_at, $16) END
   WHERE id = $1`,
);
const TELL = statement(
  "tell",
  `WITH next AS (UPDATE refactor_jobs SET stream_id = stream_id + 1 WHERE id = $1 RETURNING stream_id)
   INSERT INTO stream_events (job_id, id, event, data, created_at) SELECT $1, stream_id, $2, $3, $4 FROM next`,
);
const ENTITLE = statement(
  "entitle",
  "INSERT INTO entitlement_snapshots (job_id, user_id, tier, snapshot, created_at) VALUES ($1, $2, $3, $4, $5)",
);
const REQUEST = statement(
  "request",
  `INSERT INTO execution_requests (id, job_id, effect_seq, effect_index, turn, kind, dispatch, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
   ON CONFLICT (job_id, effect_seq, effect_index, turn) DO UPDATE SET kind = excluded.kind RETURNING id`,
);
const ANNOUNCE = statement("announce", "SELECT pg_notify($1, $2)");

type Entitlement = {
  tier: string;
  segment: string;
  expert: boolean;
  trial: boolean;
  routes: Record<string, never>;
  context_tokens: number;
  metered: boolean;
  pre_authorised: boolean;
  timers: Record<string, number>;
};
type Snapshot = { seq: number; state: { state: string }; counters: Record<string, unknown>; [field: string]: unknown };

const schema = {
  response: {
    200: {
      type: "object",
      properties: {
        id: { type: "string" },
        status: { type: "string" },
        place: { type: "string" },
        seq: { type: "integer" },
      },
    },
    "4xx": errorSchema,
  },
} as const;

export function start(app: FastifyInstance): void {
  app.post<{ Params: { job_id: string } }>(
    "/api/v1/jobs/:job_id/start",
    { schema, preHandler: app.ownJob },
    async (request, reply) => {
      const job = request.params.job_id;
      const key = request.headers["idempotency-key"];
      const operation = `POST ${request.url}`;
      const write = async (now: Date) => reply.serialize(await begin(job, request.user, now)) as string;
      const answer = await once(request.user, operation, key?.toString(), "", write);
      return reply.type("application/json; charset=utf-8").send(answer);
    },
  );
}

async function begin(job: string, user: string, now: Date): Promise<Record<string, unknown>> {
  await transaction(async (client) => {
    const entitlement = await entitled(client, job, user);
    const row = (await LOCK.run<{ snapshot: Snapshot }>(client, [job])).rows[0];
    if (row === undefined) {
      throw notFound("job");
    }
    if (row.snapshot.state.state !== "PENDING") {
      throw new ApiError(409, "NOT_NOW", "the job has been started", "See where it is.");
    }
    const preflight = { id: { job, seq: 1, index: 2 }, effect: { type: "PREFLIGHT" } };
    await record(client, job, row.snapshot, entitlement, preflight, now);
    const change = { from: "PENDING", to: "ANALYZING.preflight", status: "ANALYZING", seq: 1, attempt: 0, round: 1 };
    await TELL.run(client, [job, "state_change", change, now]);
    await reserve(client, { user, job, round: 1 }, await allowed(client, user), now);
    await ENTITLE.run(client, [job, user, entitlement.tier, entitlement, now]);
    const opened = [v7(), job, 1, 2, 0, "PREFLIGHT", preflight, now];
    const id = (await REQUEST.run<{ id: string }>(client, opened)).rows[0]?.id;
    await TELL.run(client, [job, "execution_request", { request_id: id, kind: "PREFLIGHT" }, now]);
    await ANNOUNCE.run(client, ["iama_stream", job]);
  });
  return { id: job, status: "ANALYZING", place: "ANALYZING.preflight", seq: 1 };
}

/** What the job may use from now on; without keys there are no routes. */
async function entitled(client: Runner, job: string, user: string): Promise<Entitlement> {
  const person = await requireMayStart(client, user);
  const limits: Allowed = await allowed(client, user);
  const version = (await ROUTES.run<{ version: number }>(client, [])).rows[0]?.version ?? null;
  const row = (await ROUTED.run<{ pre_authorised: boolean }>(client, [job, version])).rows[0];
  return {
    tier: limits.tier,
    segment: person.segment === "A" ? "A" : "B",
    expert: person.expert,
    trial: limits.trial,
    routes: {},
    context_tokens: limits.contextTokens,
    metered: true,
    pre_authorised: row?.pre_authorised ?? false,
    timers: {
      grace_ms: 300_000,
      escalation_ms: 3_600_000,
      intervention_ms: 1_800_000,
      idle_ms: 86_400_000,
      expiry_ms: 1_209_600_000,
    },
  };
}

/** Appends the event, and writes what the job is now. */
async function record(
  client: Runner,
  job: string,
  before: Snapshot,
  entitlement: Entitlement,
  preflight: unknown,
  now: Date,
): Promise<void> {
  const to = { state: "ANALYZING", step: "PREFLIGHT" };
  const event = { source: "DECISION", event: { type: "START", entitlement } };
  const effects = [
    { id: { job, seq: 1, index: 0 }, effect: { type: "RESERVE_QUOTA", round: 1 } },
    { id: { job, seq: 1, index: 1 }, effect: { type: "WRITE_ENTITLEMENT", entitlement } },
    preflight,
  ];
  const whole = { seq: 1, at: now.getTime(), rules_version: 1, from: "PENDING", event, to, effects };
  await APPEND.run(client, [job, 1, now, "START", "PENDING", "ANALYZING.preflight", 1, whole]);
  const snapshot = {
    ...before,
    seq: 1,
    state: to,
    entitlement,
    counters: { ...before.counters, round: 1 },
    in_flight: [{ dispatch: preflight, cost: null }],
  };
  const columns = [job, "ANALYZING", "ANALYZING.preflight", null, null, null, null, 1, 0, 0, null, 0, 1];
  await PROJECT.run(client, [...columns, snapshot, null, now, false]);
}
