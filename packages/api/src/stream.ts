// What happens to a job, as it happens: Server-Sent Events, over lost connections and expired tokens.

import { type EventSourceMessage, getLines, getMessages } from "@microsoft/fetch-event-source/lib/cjs/parse.js";
import type { Api } from "./client.ts";
import { ApiError, unwrap } from "./errors.ts";

/** An event of a job. Ids are numbers without gaps. */
export type JobEvent = {
  readonly id: number;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** Where reading begins and when it ends. */
export type Reading = {
  /** After this event; from the first one when nothing is said. */
  readonly after?: number;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
  /** Waits between two connections, in milliseconds; the server's word goes before it. */
  readonly retryMs?: number;
};

/** How long is waited before a connection is made again, when nobody says otherwise. */
const RETRY_MS = 1000;

/**
 * The events of a job, each once and in order, until the caller stops. A connection that ends or breaks is made again with
 * the id of the last event, and with a new access token where the old one has expired. Throws {@link ApiError} when the
 * server refuses for good: the job is somebody else's, or the session is over.
 */
export async function* readLogs(api: Api, job: string, reading: Reading = {}): AsyncGenerator<JobEvent, void, void> {
  const { signal } = reading;
  const place = { seen: reading.after ?? 0, retryMs: reading.retryMs ?? RETRY_MS };
  while (signal?.aborted !== true) {
    try {
      yield* once(api, job, place, signal);
    } catch (error) {
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) {
        throw error;
      }
      // The network, a proxy or the server in the middle of a restart: the next connection goes on.
    }
    await pause(place.retryMs, signal);
  }
}

/** Where a reader is. */
type Place = { seen: number; retryMs: number };

/** The events of one connection. */
async function* once(api: Api, job: string, place: Place, signal: AbortSignal | undefined): AsyncGenerator<JobEvent> {
  const answer = await api.GET("/api/v1/jobs/{job_id}/logs", {
    params: { path: { job_id: job }, header: { "Last-Event-ID": place.seen } },
    headers: { accept: "text/event-stream" },
    parseAs: "stream",
    ...(signal === undefined ? {} : { signal }),
  });
  const body = unwrap(answer);
  if (body === null) {
    return;
  }
  const arrived: EventSourceMessage[] = [];
  const read = getLines(
    getMessages(
      () => {},
      (ms) => {
        place.retryMs = ms;
      },
      (message) => arrived.push(message),
    ),
  );
  for await (const bytes of body) {
    read(bytes);
    for (const event of arrived.splice(0).flatMap(parsed)) {
      // What a proxy repeats is not told twice.
      if (event.id > place.seen) {
        place.seen = event.id;
        yield event;
      }
    }
  }
}

/** The event of a message; none of a sign of life. */
function parsed(message: EventSourceMessage): JobEvent[] {
  if (message.data === "") {
    return [];
  }
  const data: unknown = JSON.parse(message.data);
  return [{ id: Number(message.id), event: message.event, data: isRecord(data) ? data : {} }];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done);
    if (signal?.aborted === true) {
      done();
    }
  });
}
