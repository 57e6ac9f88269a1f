// The peer: three endpoints of the IAMA server, as one writes them with Fastify and pg.

import Fastify from "fastify";
import { pool } from "./database.ts";
import { ApiError } from "./errors.ts";
import { heartbeat, requireOwner } from "./heartbeat.ts";
import { jobs } from "./jobs.ts";
import { settings } from "./settings.ts";
import { start } from "./start.ts";
import { caller } from "./tokens.ts";

declare module "fastify" {
  interface FastifyRequest {
    user: string;
  }
  interface FastifyInstance {
    ownJob: (request: FastifyRequest) => Promise<void>;
  }
}

const HEADERS = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "strict-transport-security": "max-age=31536000",
  "cache-control": "no-store",
};

const app = Fastify({ logger: false, genReqId: () => crypto.randomUUID(), bodyLimit: 1 << 20 });
app.decorateRequest("user", "");
app.decorate("ownJob", async (request) => {
  await requireOwner((request.params as { job_id: string }).job_id, request.user);
});
app.addHook("onRequest", async (request, reply) => {
  reply.headers(HEADERS).header("x-request-id", request.id);
  if (request.url === "/ready") {
    return;
  }
  request.user = caller(request.headers.authorization).sub;
});
app.setErrorHandler((error, _request, reply) => {
  if (error instanceof ApiError) {
    return reply.status(error.status).send({ error: { code: error.code, message: error.message, hint: error.hint } });
  }
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  if (status >= 500) {
    console.error(error);
  }
  const message = status < 500 && error instanceof Error ? error.message : "something went wrong on our side";
  return reply.status(status).send({ error: { code: status < 500 ? "VALIDATION_FAILED" : "INTERNAL", message, hint: "" } });
});
app.get("/ready", async () => {
  await pool.query("SELECT 1");
  return { status: "ready" };
});
jobs(app);
heartbeat(app);
start(app);
await app.listen({ host: "127.0.0.1", port: settings.port });
console.log(`the peer listens on http://127.0.0.1:${settings.port}`);
