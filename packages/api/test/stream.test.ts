import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { test } from "node:test";
import { type Api, ApiError, connect, inMemory, type JobEvent, newIntent, readLogs, unwrap } from "../src/index.ts";
import { person, serverUrl, WANTED } from "./support.ts";

/** Something that stands between and may be cut. */
async function between(url: string) {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((near) => {
    connections += 1;
    const far = dial({ host: hostname, port: Number(port) });
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        open.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    cut: () => {
      for (const socket of open) {
        socket.destroy();
      }
    },
    end: () => {
      server.close();
      for (const socket of open) {
        socket.destroy();
      }
    },
  };
}

async function started(api: Api): Promise<string> {
  const intent = () => ({ "Idempotency-Key": newIntent() });
  const job = unwrap(await api.POST("/api/v1/jobs", { params: { header: intent() }, body: WANTED }));
  const path = { job_id: job.id };
  unwrap(await api.POST("/api/v1/jobs/{job_id}/start", { params: { path, header: intent() } }));
  return job.id;
}

async function cancel(api: Api, job: string): Promise<void> {
  const params = { path: { job_id: job }, header: { "Idempotency-Key": newIntent() } };
  unwrap(await api.DELETE("/api/v1/jobs/{job_id}", { params }));
}

test("a reader misses and repeats nothing when the connection breaks and the token has expired", async () => {
  const proxy = await between(serverUrl());
  try {
    const keeper = inMemory();
    const api = connect({ baseUrl: serverUrl(), keeper });
    await person(api);
    const job = await started(api);
    const reader = connect({ baseUrl: proxy.url, keeper });
    const seen: JobEvent[] = [];
    for await (const event of readLogs(reader, job, { retryMs: 50 })) {
      seen.push(event);
      if (seen.length === 2) {
        proxy.cut();
        await cancel(api, job);
        const pair = await keeper.read();
        assert.ok(pair);
        await keeper.write({ ...pair, accessToken: "no.such.token" });
      }
      if (event.event === "job_end") {
        break;
      }
    }
    assert.deepEqual(
      seen.map((event) => event.id),
      seen.map((_, at) => at + 1),
    );
    assert.equal(seen[0]?.event, "state_change");
    assert.equal(seen[0]?.data["to"], "ANALYZING.preflight");
    assert.equal(seen.at(-1)?.event, "job_end");
    assert.ok(proxy.connections() > 1, "the connection was made again");
    assert.notEqual((await keeper.read())?.accessToken, "no.such.token");
  } finally {
    proxy.end();
  }
});

test("reading goes on after an event that is named, and ends when the caller says so", async () => {
  const api = connect({ baseUrl: serverUrl() });
  await person(api);
  const job = await started(api);
  const stop = new AbortController();
  const seen: number[] = [];
  for await (const event of readLogs(api, job, { after: 1, signal: stop.signal })) {
    seen.push(event.id);
    stop.abort();
  }
  assert.deepEqual(seen, [2]);
});

test("a job of somebody else is refused for good", async () => {
  const owner = connect({ baseUrl: serverUrl() });
  await person(owner);
  const job = await started(owner);
  const other = connect({ baseUrl: serverUrl() });
  await person(other);
  const read = async () => {
    for await (const _ of readLogs(other, job)) {
      assert.fail("nothing of it is told");
    }
  };
  await assert.rejects(read, (error) => error instanceof ApiError && error.status === 404);
});
