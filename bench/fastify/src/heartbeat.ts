// `POST /jobs/{job_id}/heartbeat`: the client is there.

import type { FastifyInstance } from "fastify";
import { v7 } from "uuid";
import { pool, statement, transaction } from "./database.ts";
import { ApiError, errorSchema, notFound } from "./errors.ts";

const STEADY = statement(
  "steady",
  "UPDATE client_heartbeat_sessions SET last_seen_at = $3 WHERE id = $2 AND job_id = $1 AND status = 'ACTIVE'",
);
const LOCK = statement("lock_job", "SELECT id FROM refactor_jobs WHERE id = $1 FOR UPDATE");
const BOUND = statement(
  "bound",
  "SELECT id, status FROM client_heartbeat_sessions WHERE job_id = $1 AND status <> 'CLOSED' FOR UPDATE",
);
const BIND = statement(
  "bind",
  `INSERT INTO client_heartbeat_sessions (id, job_id, user_id, client, last_seen_at, created_at)
   VALUES ($1, $2, $3, $4, $5, $5)`,
);

type Beat = { client_session?: string | null; client?: string };

const schema = {
  body: {
    type: "object",
    properties: {
      client_session: { type: "string", format: "uuid", nullable: true },
      client: { type: "string", maxLength: 200 },
    },
    additionalProperties: false,
  },
  response: {
    200: { type: "object", properties: { client_session: { type: "string" }, next_in: { type: "integer" } } },
    "4xx": errorSchema,
  },
} as const;

export function heartbeat(app: FastifyInstance): void {
  app.post<{ Params: { job_id: string }; Body: Beat }>(
    "/api/v1/jobs/:job_id/heartbeat",
    { schema, preHandler: app.ownJob },
    async (request) => {
      const job = request.params.job_id;
      const now = new Date();
      const session = request.body.client_session;
      if (session != null && (await STEADY.run(pool, [job, session, now])).rowCount === 1) {
        return { client_session: session, next_in: 30 };
      }
      const bound = await transaction(async (client) => {
        await LOCK.run(client, [job]);
        const found = (await BOUND.run<{ id: string; status: string }>(client, [job])).rows[0];
        if (found === undefined) {
          const id = v7();
          await BIND.run(client, [id, job, request.user, request.body.client ?? "", now]);
          return id;
        }
        // A client that was lost is not what is measured.
        const mine = found.id === session && found.status === "ACTIVE";
        return mine ? found.id : undefined;
      });
      if (bound === undefined) {
        throw new ApiError(409, "CLIENT_NOT_BOUND", "another client works for this job", "Send a heartbeat first.");
      }
      return { client_session: bound, next_in: 30 };
    },
  );
}

export const OWNER = statement("owner", "SELECT owner_id FROM refactor_jobs WHERE id = $1");

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Refuses whoever does not own the job. */
export async function requireOwner(job: string, user: string): Promise<void> {
  const row = UUID.test(job) ? (await OWNER.run<{ owner_id: string }>(pool, [job])).rows[0] : undefined;
  if (row?.owner_id !== user) {
    throw notFound("job");
  }
}
