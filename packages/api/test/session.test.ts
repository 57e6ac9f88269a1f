import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, connect, inMemory, type Pair, unwrap } from "../src/index.ts";
import { PASSWORD, person, serverUrl } from "./support.ts";

/** A client whose requests are counted by their paths, and whose clock is in the test's hand. */
function counted(first?: Pair) {
  const paths: string[] = [];
  const clock = { ms: Date.now() };
  const keeper = inMemory(first);
  const api = connect({
    baseUrl: serverUrl(),
    keeper,
    now: () => clock.ms,
    fetch: (request) => {
      paths.push(new URL(request.url).pathname);
      return fetch(request);
    },
  });
  return { api, keeper, clock, paths };
}

const REFRESH = "/api/v1/auth/refresh";
const ME = "/api/v1/me";

test("a token that is about to expire is changed once for all who ask at the same time", async () => {
  const { api, keeper, clock, paths } = counted();
  const email = await person(api);
  const before = await keeper.read();
  clock.ms += 14 * 60_000 + 31_000;
  paths.length = 0;
  const answers = await Promise.all([1, 2, 3, 4].map(() => api.GET(ME)));
  assert.deepEqual(
    answers.map((answer) => unwrap(answer).email),
    [email, email, email, email],
  );
  assert.deepEqual(paths, [REFRESH, ME, ME, ME, ME]);
  const after = await keeper.read();
  assert.notEqual(after?.refreshToken, before?.refreshToken);
});

test("a token that the server refuses is changed, and the request is sent again with its body", async () => {
  const { api, keeper, paths } = counted();
  const email = await person(api);
  const pair = await keeper.read();
  assert.ok(pair);
  await keeper.write({ ...pair, accessToken: "no.such.token" });
  paths.length = 0;
  const body = { current: PASSWORD, new: `${PASSWORD}!` };
  unwrap(await api.POST("/api/v1/me/password", { body }));
  assert.deepEqual(paths, ["/api/v1/me/password", REFRESH, "/api/v1/me/password"]);
  await api.signIn({ email, password: `${PASSWORD}!` });
});

test("when the session is over, the answer is the server's and the pair is gone", async () => {
  const { api, keeper } = counted();
  await person(api);
  const pair = await keeper.read();
  assert.ok(pair);
  await keeper.write({ ...pair, accessToken: "no.such.token", refreshToken: "iama_rt_unknown" });
  const answer = await api.GET(ME);
  assert.throws(
    () => unwrap(answer),
    (error) => error instanceof ApiError && error.status === 401 && error.code === "UNAUTHENTICATED",
  );
  assert.equal(await keeper.read(), undefined);
});

test("what another window has changed is used as it is", async () => {
  const { api, keeper } = counted();
  await person(api);
  const old = await keeper.read();
  assert.ok(old);
  const other = connect({ baseUrl: serverUrl(), keeper, now: () => old.expiresAtMs });
  unwrap(await other.GET(ME));
  const theirs = await keeper.read();
  assert.notEqual(theirs?.refreshToken, old.refreshToken);
  // This window still holds the old pair when its request is refused.
  let reads = 0;
  const late = counted();
  const behind = connect({
    baseUrl: serverUrl(),
    keeper: {
      read: async () => {
        reads += 1;
        return reads === 1 ? { ...old, accessToken: "no.such.token" } : keeper.read();
      },
      write: keeper.write,
    },
    fetch: (request) => {
      late.paths.push(new URL(request.url).pathname);
      return fetch(request);
    },
  });
  unwrap(await behind.GET(ME));
  assert.deepEqual(late.paths, [ME, ME], "the old refresh token was not used a second time");
});

test("who signs out is nobody", async () => {
  const { api, keeper } = counted();
  await person(api);
  await api.signOut();
  assert.equal(await keeper.read(), undefined);
  assert.equal((await api.GET(ME)).response.status, 401);
});

test("a wrong password is the answer of that request and asks for no new token", async () => {
  const { api, paths } = counted();
  const email = await person(api);
  paths.length = 0;
  await assert.rejects(api.signIn({ email, password: "not the password" }), { code: "INVALID_CREDENTIALS" });
  assert.deepEqual(paths, ["/api/v1/auth/login"]);
});
