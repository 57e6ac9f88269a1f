// A job through the client and back: prints what the client was told, for whoever reads the same job in the database.

import type { JobDetail, JobList, JobState, JobSummary } from "../src/index.ts";
import { connect, newIntent, unwrap } from "../src/index.ts";
import { person, serverUrl, WANTED } from "./support.ts";

/** What the client was told, in the order in which it was. */
type Told = {
  readonly created: JobSummary;
  readonly listed: JobList;
  readonly waiting: JobDetail;
  readonly state: JobState;
  readonly started: JobDetail;
};

const api = connect({ baseUrl: serverUrl() });
await person(api);
const intent = () => ({ "Idempotency-Key": newIntent() });
const created = unwrap(await api.POST("/api/v1/jobs", { params: { header: intent() }, body: WANTED }));
const listed = unwrap(await api.GET("/api/v1/jobs", { params: { query: { limit: 1 } } }));
const path = { job_id: created.id };
const waiting = unwrap(await api.GET("/api/v1/jobs/{job_id}", { params: { path } }));
const state = unwrap(await api.POST("/api/v1/jobs/{job_id}/start", { params: { path, header: intent() } }));
unwrap(await api.POST("/api/v1/jobs/{job_id}/heartbeat", { params: { path }, body: { client: "round trip" } }));
const started = unwrap(await api.GET("/api/v1/jobs/{job_id}", { params: { path } }));
const told: Told = { created, listed, waiting, state, started };
process.stdout.write(`${JSON.stringify(told)}\n`);
