// A running server, named by `IAMA_URL`, and people on it.

import type { Api } from "../src/index.ts";
import { unwrap } from "../src/index.ts";

/** Where the server is. */
export function serverUrl(): string {
  const url = process.env["IAMA_URL"];
  if (url === undefined) {
    throw new Error("IAMA_URL names no server");
  }
  return url;
}

/** What everybody's password is here. */
export const PASSWORD = "correct horse battery";

/** Makes an account that may start jobs. Gives its address. */
export async function person(api: Api): Promise<string> {
  const email = `${crypto.randomUUID()}@example.org`;
  await api.signUp({ email, password: PASSWORD, consent: true, client: "test" });
  unwrap(await api.POST("/api/v1/me/disclosure"));
  return email;
}

/** What is asked for when it does not matter what. */
export const WANTED = { project: "shop", language_pair: "python2-3", execution_mode: "LOCAL_NATIVE" } as const;
