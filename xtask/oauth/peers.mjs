// Providers of identities of other makers.

import { createServer } from "node:net";
import { createEmulator } from "emulate";
import { OAuth2Server } from "oauth2-mock-server";
import Provider from "oidc-provider";

export const client = { id: "iama-check", secret: "secret-of-the-check" };

/** A port that nobody listens on. */
export function free() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** GitHub as `emulate` plays it. */
export async function github(callback) {
  const users = ["ada", "bob"].map((login) => ({ login, name: login, email: `${login}@example.org` }));
  const app = { client_id: client.id, client_secret: client.secret, name: "IAMA", redirect_uris: [callback] };
  return createEmulator({ service: "github", port: await free(), seed: { github: { users, oauth_apps: [app] } } });
}

/** Google as `emulate` plays it. */
export async function google(callback) {
  const users = [
    { email: "ada@example.org", name: "Ada", email_verified: true },
    { email: "carol@example.org", name: "Carol", email_verified: false },
  ];
  const app = { client_id: client.id, client_secret: client.secret, name: "IAMA", redirect_uris: [callback] };
  return createEmulator({ service: "google", port: await free(), seed: { google: { users, oauth_clients: [app] } } });
}

/** A certified provider, as strict as it can be told to be. */
export async function strict(callback) {
  const port = await free();
  const url = `http://127.0.0.1:${port}`;
  const provider = new Provider(url, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [callback],
        token_endpoint_auth_method: "client_secret_post",
        response_types: ["code"],
        grant_types: ["authorization_code"],
      },
    ],
    cookies: { keys: ["a key of the check"] },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.org`, email_verified: true, name: id }),
    }),
  });
  const server = await new Promise((resolve) => {
    const listening = provider.listen(port, "127.0.0.1", () => resolve(listening));
  });
  return { url, close: () => server.close() };
}

/** A provider that says what it is told to. */
export async function pliant() {
  const server = new OAuth2Server();
  await server.issuer.keys.generate("RS256");
  await server.start(0, "127.0.0.1");
  server.issuer.url = `http://127.0.0.1:${server.address().port}`;
  return { url: server.issuer.url, service: server.service, close: () => server.stop() };
}
