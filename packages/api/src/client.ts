// Every endpoint of the server, with the types that its document gives.

import createClient, { type Client } from "openapi-fetch";
import { unwrap } from "./errors.ts";
import type { Login, paths, Registration, TokenPair } from "./schema.ts";
import { authorised, inMemory, type Keeper, pairOf, type Surroundings } from "./session.ts";

/** How the server is reached. */
export type Options = {
  /** Where it is, as in `http://127.0.0.1:8700`. */
  readonly baseUrl: string;
  /** Where the tokens are kept; in memory when nothing is said. */
  readonly keeper?: Keeper;
  /** How requests are sent; the platform's own when nothing is said. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** The time, in milliseconds since the epoch. */
  readonly now?: () => number;
};

/** The server, as it is to whoever is signed in. */
export type Api = Client<paths> & {
  /** Makes an account, and signs in. Gives the person's id. */
  readonly signUp: (registration: Registration) => Promise<string>;
  /** Signs in, and keeps the pair of tokens. Gives the person's id. */
  readonly signIn: (login: Login) => Promise<string>;
  /** Ends the session, here in any case. */
  readonly signOut: () => Promise<void>;
};

/** A client. Requests carry the access token, which is renewed without the caller noticing. */
export function connect(options: Options): Api {
  const baseUrl = options.baseUrl.replace(/\/+$/, "");
  const keeper = options.keeper ?? inMemory();
  const now = options.now ?? Date.now;
  const fetch = options.fetch ?? ((request: Request) => globalThis.fetch(request));
  const surroundings: Surroundings = { baseUrl, keeper, fetch, now };
  const client = createClient<paths>({ baseUrl, fetch: authorised(surroundings) });
  const open = createClient<paths>({ baseUrl, fetch });
  const keep = async (pair: TokenPair) => {
    await keeper.write(pairOf(pair, now()));
    return pair.user_id;
  };
  const signUp = async (registration: Registration) =>
    keep(unwrap(await open.POST("/api/v1/auth/register", { body: registration })));
  const signIn = async (login: Login) => keep(unwrap(await open.POST("/api/v1/auth/login", { body: login })));
  const signOut = async () => {
    try {
      await client.POST("/api/v1/auth/logout");
    } finally {
      await keeper.write(undefined);
    }
  };
  return { ...client, signUp, signIn, signOut };
}

/** A key for one intent: sent again with the same key, a write happens once. */
export function newIntent(): string {
  return crypto.randomUUID();
}
