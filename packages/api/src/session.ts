// Who is signed in: a pair of tokens that is renewed before it expires, or when the server refuses it.

import { isErrorBody } from "./errors.ts";
import type { ErrorCode, TokenPair } from "./schema.ts";

/** A pair of tokens, as it is kept. */
export type Pair = {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** From when on the access token is no good, in milliseconds since the epoch. */
  readonly expiresAtMs: number;
};

/** Where the pair is kept: secrets of an editor, memory of a page. Others may write to it, too. */
export type Keeper = {
  read(): Promise<Pair | undefined>;
  write(pair: Pair | undefined): Promise<void>;
};

/** How a session reaches the world. */
export type Surroundings = {
  /** Where the server is, without a path at its end. */
  readonly baseUrl: string;
  readonly keeper: Keeper;
  readonly fetch: (request: Request) => Promise<Response>;
  readonly now: () => number;
};

/** A token is changed so long before it expires. */
const EARLY_MS = 30_000;

/** What the server says to a request whose token is no good. */
const REFUSALS: readonly ErrorCode[] = ["UNAUTHENTICATED", "TOKEN_EXPIRED"];

/** What it says to a refresh token that will never be good again. */
const OVER: readonly ErrorCode[] = ["REFRESH_TOKEN_INVALID", "REFRESH_TOKEN_REUSED", "ACCOUNT_SUSPENDED"];

/** A keeper that forgets. */
export function inMemory(first?: Pair): Keeper {
  let kept = first;
  return {
    read: async () => kept,
    write: async (pair) => {
      kept = pair;
    },
  };
}

/** The pair that an answer gives. */
export function pairOf(answer: TokenPair, now: number): Pair {
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    expiresAtMs: now + answer.expires_in * 1000,
  };
}

/** A `fetch` that sends the access token, and never sends a request twice unless the first was refused for its token. */
export function authorised(surroundings: Surroundings): (request: Request) => Promise<Response> {
  const renew = renewal(surroundings);
  return async (request) => {
    const { keeper, fetch, now } = surroundings;
    let pair = await keeper.read();
    if (pair !== undefined && pair.expiresAtMs - EARLY_MS <= now()) {
      pair = (await renew(pair)) ?? pair;
    }
    if (pair === undefined) {
      return fetch(request);
    }
    const again = request.clone();
    const answer = await fetch(bearing(request, pair));
    if (answer.status !== 401 || !(await says(answer, REFUSALS))) {
      return answer;
    }
    const next = await renew(pair);
    return next === undefined ? answer : fetch(bearing(again, next));
  };
}

/** Changes a pair for the next one, once for all who ask at the same time: a refresh token is good once. */
function renewal(surroundings: Surroundings): (used: Pair) => Promise<Pair | undefined> {
  let underWay: Promise<Pair | undefined> | undefined;
  return (used) => {
    underWay ??= renewed(surroundings, used).finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

/** The next pair; nothing when the session is over, or the server cannot be asked now. */
async function renewed({ baseUrl, keeper, fetch, now }: Surroundings, used: Pair): Promise<Pair | undefined> {
  const kept = await keeper.read();
  if (kept === undefined || kept.refreshToken !== used.refreshToken) {
    // Somebody else has changed it meanwhile, or signed out.
    return kept;
  }
  const answer = await fetch(
    new Request(`${baseUrl}/api/v1/auth/refresh`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ refresh_token: kept.refreshToken }),
    }),
  );
  if (answer.ok) {
    const next = pairOf((await answer.json()) as TokenPair, now());
    await keeper.write(next);
    return next;
  }
  if (await says(answer, OVER)) {
    await keeper.write(undefined);
  }
  return undefined;
}

function bearing(request: Request, pair: Pair): Request {
  const headers = new Headers(request.headers);
  headers.set("authorization", `Bearer ${pair.accessToken}`);
  return new Request(request, { headers });
}

/** Whether an answer carries one of these codes. It can still be read afterwards. */
async function says(answer: Response, codes: readonly ErrorCode[]): Promise<boolean> {
  const body: unknown = await answer
    .clone()
    .json()
    .catch(() => undefined);
  return isErrorBody(body) && codes.some((code) => code === body.error.code);
}
