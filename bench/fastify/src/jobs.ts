// `GET /jobs`: a person's jobs, the newest first.

import type { FastifyInstance } from "fastify";
import { pool, statement } from "./database.ts";
import { ApiError, errorSchema } from "./errors.ts";

const LIST = statement(
  "list",
  `SELECT j.id, p.name AS project, j.language_pair, j.execution_mode, j.status, j.failure_reason, j.strategy,
       j.spec_revision, j.created_at, j.started_at, j.ended_at
   FROM refactor_jobs j JOIN projects p ON p.id = j.project_id
   WHERE j.owner_id = $1 AND ($2::text IS NULL OR j.status = $2)
     AND ($3::timestamptz IS NULL OR (j.created_at, j.id) < ($3, $4))
   ORDER BY j.created_at DESC, j.id DESC LIMIT $5`,
);

type Summary = { id: string; created_at: string };
type Page = { status?: string; limit: number; cursor?: string };

const text = { type: "string" } as const;
const optional = { type: "string", nullable: true } as const;

const jobSchema = {
  type: "object",
  properties: {
    id: text,
    project: text,
    language_pair: text,
    execution_mode: text,
    status: text,
    failure_reason: optional,
    strategy: optional,
    spec_revision: { type: "integer" },
    created_at: text,
    started_at: optional,
    ended_at: optional,
  },
} as const;

const schema = {
  querystring: {
    type: "object",
    properties: { status: text, limit: { type: "integer", minimum: 1, maximum: 100, default: 20 }, cursor: text },
    additionalProperties: false,
  },
  response: {
    200: { type: "object", properties: { jobs: { type: "array", items: jobSchema }, next: optional } },
    "4xx": errorSchema,
  },
} as const;

export function jobs(app: FastifyInstance): void {
  app.get<{ Querystring: Page }>("/api/v1/jobs", { schema }, async (request) => {
    const { limit, status } = request.query;
    const after = readCursor(request.query.cursor);
    const rows = (
      await LIST.run<Summary>(pool, [request.user, status ?? null, after?.at ?? null, after?.id ?? null, limit + 1])
    ).rows;
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return { jobs: rows.slice(0, limit), next: last === undefined ? null : writeCursor(last) };
  });
}

/** Microseconds and id, as the server writes them. */
function writeCursor(last: Summary): string {
  const [whole = "", fraction = ""] = last.created_at.slice(0, -1).split(".");
  const micros = `${Date.parse(`${whole}Z`) / 1000}${fraction.padEnd(6, "0")}`;
  return Buffer.from(`${micros}.${last.id}`).toString("base64url");
}

function readCursor(cursor: string | undefined): { at: string; id: string } | undefined {
  if (cursor === undefined) {
    return undefined;
  }
  const [micros, id] = Buffer.from(cursor, "base64url").toString().split(".");
  if (micros === undefined || id === undefined || !/^\d{7,}$/.test(micros)) {
    throw new ApiError(422, "VALIDATION_FAILED", "cursor is none of ours", "Correct what is named; /docs says what the endpoint takes.");
  }
  const whole = new Date(Number(micros.slice(0, -6)) * 1000).toISOString().slice(0, -5);
  return { at: `${whole}.${micros.slice(-6)}Z`, id };
}
