// Signs people in at real servers by providers of other makers, and tries what an attacker would.
// Called with the server's program and a folder for its data.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { openSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { Browser, forms } from "./browser.mjs";
import { client, free, github, google, pliant, strict } from "./peers.mjs";

const [program, folder] = process.argv.slice(2);
const running = [];
let checks = 0;

function check(what, found, expected) {
  assert.deepEqual(found, expected, what);
  checks += 1;
}

/** A server of ours, with the providers that are told. */
async function start(name, port, settings) {
  const url = `http://127.0.0.1:${port}`;
  const config = join(folder, `${name}.toml`);
  writeFileSync(config, settings);
  const log = openSync(join(folder, `${name}.log`), "a");
  const line = ["dev", "--listen", `127.0.0.1:${port}`, "--data", join(folder, name), "--config", config];
  const child = spawn(program, line, { stdio: ["ignore", log, log], env: { ...process.env, IAMA_CHECK_SECRET: client.secret } });
  running.push(child);
  for (let looks = 0; looks < 300; looks += 1) {
    assert.equal(child.exitCode, null, `the server ${name} ended; its words are in ${folder}`);
    if (await fetch(`${url}/ready`).then((ready) => ready.ok, () => false)) return url;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return assert.fail(`the server ${name} does not answer`);
}

const registered = `client_id = "${client.id}"\nclient_secret = { env = "IAMA_CHECK_SECRET" }\n`;

/** A program that waits for a sign-in on this machine. */
async function waiter() {
  const port = await free();
  const seen = [];
  createServer((request, response) => {
    seen.push(new URL(request.url, `http://127.0.0.1:${port}`).searchParams);
    response.end("You can close this page.");
  })
    .listen(port, "127.0.0.1")
    .unref();
  return { at: `http://127.0.0.1:${port}/signed-in`, brought: () => Object.fromEntries(seen.pop() ?? []) };
}

const waiting = await waiter();
const verifier = randomBytes(32).toString("base64url");
const challenge = createHash("sha256").update(verifier).digest("base64url");

/** Where a browser begins to sign the program in. */
function begin(server, provider, more = {}) {
  const query = { return_to: waiting.at, code_challenge: challenge, code_challenge_method: "S256", state: "mine", ...more };
  return `${server}/api/v1/auth/oauth/${provider}/initiate?${new URLSearchParams(query)}`;
}

const isCallback = (url) => new URL(url).pathname === "/api/v1/auth/oauth/callback";

async function post(server, path, body, token) {
  const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(`${server}/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: response.status === 204 ? {} : await response.json() };
}

async function get(server, path, token) {
  return (await fetch(`${server}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })).json();
}

function exchange(server, code, own = verifier) {
  return post(server, "/auth/code", { code, code_verifier: own, return_to: waiting.at, client: "check" });
}

/** Goes on from the page of a provider on which people are chosen. */
async function choose(browser, page, who, until) {
  const form = forms(page).find((one) => one.text.includes(who));
  assert.ok(form, `${who} is not on the page: ${page.text}`);
  return browser.submit(form, {}, until);
}

/** Consents where somebody is asked to. */
async function settle(browser, page) {
  const form = forms(page).find((one) => one.action.endsWith("/sign-in/consent"));
  return form ? browser.submit(form, { consent: "yes", answer: "yes" }) : page;
}

/** The tokens of somebody whom a provider of `emulate` knows. */
async function signedIn(server, provider, who, browser = new Browser()) {
  await settle(browser, await choose(browser, await browser.go(begin(server, provider)), who));
  const { code, state, iss } = waiting.brought();
  check("the program hears what it wanted to", [state, iss], ["mine", server]);
  const changed = await exchange(server, code);
  check("a code is changed for tokens", changed.status, 200);
  return { ...changed.body, code };
}

/** The address of the callback with which a browser would come back. */
async function onTheWayBack(server, provider, who, browser) {
  const chosen = await choose(browser, await browser.go(begin(server, provider)), who, isCallback);
  return new URL(chosen.next);
}

async function invalid(browser, address, what) {
  const page = await browser.ask(address.href ?? address);
  check(what, [page.status, page.text.includes("OAUTH_STATE_INVALID"), page.headers.has("location")], [400, true, false]);
}

async function refused(what, expected, steps) {
  await steps();
  const { error, error_description, code } = waiting.brought();
  check(what, [error, error_description, code], [...expected, undefined]);
}

const notProven = ["access_denied", "IDENTITY_NOT_PROVEN"];
const away = ["temporarily_unavailable", "PROVIDER_UNAVAILABLE"];

/** GitHub and Google as `emulate` plays them. */
async function emulated(port) {
  const callback = `http://127.0.0.1:${port}/api/v1/auth/oauth/callback`;
  const [hub, goo] = [await github(callback), await google(callback)];
  const settings = `[oauth.github]\n${registered}
authorize_url = "${hub.url}/login/oauth/authorize"\ntoken_url = "${hub.url}/login/oauth/access_token"
api_url = "${hub.url}"\n[oauth.google]\n${registered}issuer = "${goo.url}"\n`;
  const server = await start("emulated", port, settings);

  const squatter = (await post(server, "/auth/register", { email: "bob@example.org", password: "long enough", consent: true })).body;
  const ada = await signedIn(server, "github", "ada");
  const me = await get(server, "/me", ada.access_token);
  check("an account is made of GitHub's word", [me.email, me.email_verified, me.has_password], ["ada@example.org", true, false]);
  check("its owner has consented", typeof me.consent_given_at, "string");
  check("a session says how it began", (await get(server, "/me/sessions", ada.access_token)).sessions[0].method, "GITHUB");
  check("somebody is known again", (await signedIn(server, "github", "ada")).user_id, ada.user_id);
  check("the same address is the same person", (await signedIn(server, "google", "ada@example.org")).user_id, ada.user_id);

  const early = await signedIn(server, "github", "ada");
  check("a code is changed only once", (await exchange(server, early.code)).body.error.code, "LOGIN_CODE_INVALID");
  const replayed = await post(server, "/auth/refresh", { refresh_token: early.refresh_token });
  check("who was first with a code that comes again is out", replayed.status, 401);

  const bob = await signedIn(server, "github", "bob");
  check("an address that nobody verified goes to its owner", bob.user_id, squatter.user_id);
  const login = await post(server, "/auth/login", { email: "bob@example.org", password: "long enough" });
  check("without the password", login.body.error.code, "INVALID_CREDENTIALS");
  const kept = await post(server, "/me/password", { new: "long enough too" }, squatter.access_token);
  check("and without a way back", kept.status, 401);

  await refused("an address that is not verified", ["access_denied", "EMAIL_NOT_VERIFIED"], async () => {
    const browser = new Browser();
    await choose(browser, await browser.go(begin(server, "google")), "carol@example.org");
  });

  for (const [provider, who] of [["github", "ada"], ["google", "ada@example.org"]]) {
    const [mine, other] = [new Browser(), new Browser()];
    const back = await onTheWayBack(server, provider, who, mine);
    await invalid(other, back, "the answer to another browser");
    const forged = new URL(back);
    forged.searchParams.set("state", randomBytes(32).toString("base64url"));
    await invalid(mine, forged, "a forged state");
    const copied = mine.copy();
    await mine.go(back.href);
    const { code } = waiting.brought();
    check("another verifier", (await exchange(server, code, randomBytes(32).toString("base64url"))).body.error.code, "LOGIN_CODE_INVALID");
    check("has used the code up", (await exchange(server, code)).body.error.code, "LOGIN_CODE_INVALID");
    await invalid(copied, back, "an answer that comes twice");
    const fresh = await onTheWayBack(server, provider, who, mine);
    fresh.searchParams.set("code", back.searchParams.get("code"));
    await refused("a code of the provider that was used", notProven, () => mine.go(fresh.href));
  }
  const thief = new Browser();
  const stolen = await onTheWayBack(server, "google", "ada@example.org", new Browser());
  const injected = await onTheWayBack(server, "google", "ada@example.org", thief);
  injected.searchParams.set("code", stolen.searchParams.get("code"));
  await refused("a code of another visit, whose challenge is another", notProven, () => thief.go(injected.href));

  for (const more of [{ code_challenge: "" }, { code_challenge_method: "plain" }, { return_to: "https://evil.example.org/" }]) {
    const page = await new Browser().ask(begin(server, "github", more));
    check("who waits has a challenge and a place to wait", [page.status, page.headers.has("location")], [422, false]);
  }

  const device = (await post(server, "/auth/device", { client: "check" })).body;
  const browser = new Browser();
  const page = await browser.go(device.verification_uri_complete);
  const link = /href="([^"]*github[^"]*)"/.exec(page.text)[1].replaceAll("&#x2f;", "/");
  const asked = await choose(browser, await browser.go(new URL(link, server).href), "ada");
  check("the page of the device knows who came", asked.text.includes("ada@example.org"), true);
  await browser.submit(forms(asked)[0], { answer: "yes" });
  const polled = await post(server, "/auth/device/token", { device_code: device.device_code });
  check("a device is signed in", polled.body.user_id, ada.user_id);

  const lateBrowser = new Browser();
  const late = await onTheWayBack(server, "github", "ada", lateBrowser);
  await hub.close();
  await refused("a provider that is away", away, () => lateBrowser.go(late.href));
  await goo.close();
}

/** A certified provider that insists on PKCE and names itself in its answers. */
async function certified(port) {
  const peer = await strict(`http://127.0.0.1:${port}/api/v1/auth/oauth/callback`);
  const server = await start("certified", port, `[oauth.google]\n${registered}issuer = "${peer.url}"\n`);
  const come = async (browser, change = (url) => url) => {
    const first = await browser.ask(begin(server, "google"));
    let page = await browser.go(change(new URL(first.headers.get("location"))).href, {}, isCallback);
    for (const fields of [{ login: "dora", password: "any" }, {}]) {
      if (page.next) break;
      page = await browser.submit(forms(page)[0], fields, isCallback);
    }
    return new URL(page.next);
  };
  const dora = new Browser();
  await settle(dora, await dora.go((await come(dora)).href));
  const tokens = await exchange(server, waiting.brought().code);
  check("a certified provider's word", (await get(server, "/me", tokens.body.access_token)).email, "dora@example.org");

  for (const issuer of [undefined, "https://accounts.google.com"]) {
    const browser = new Browser();
    const back = await come(browser);
    check("it names itself", back.searchParams.get("iss"), peer.url);
    if (issuer) back.searchParams.set("iss", issuer);
    else back.searchParams.delete("iss");
    await refused("an answer of another issuer", notProven, () => browser.go(back.href));
  }
  await refused("without PKCE it gives no code", notProven, async () => {
    const browser = new Browser();
    const back = await come(browser, (url) => {
      url.searchParams.delete("code_challenge");
      url.searchParams.delete("code_challenge_method");
      return url;
    });
    check("as it says itself", back.searchParams.get("error"), "invalid_request");
    await browser.go(back.href);
  });
  await refused("somebody says no", ["access_denied", "ACCESS_DENIED"], async () => {
    const browser = new Browser();
    const page = await browser.go(begin(server, "google"));
    const back = await browser.go(`${page.url}/abort`, {}, isCallback);
    await browser.go(back.next);
  });
  peer.close();
}

/** A provider that says what it is told to: every way in which an ID token can be wrong. */
async function attacked(port) {
  const peer = await pliant();
  const server = await start("attacked", port, `[oauth.google]\n${registered}issuer = "${peer.url}"\n`);
  const good = { sub: "1906", email: "grace@example.org", email_verified: true, name: "Grace" };
  let claims = {};
  let response = () => {};
  peer.service.on("beforeTokenSigning", (token) => {
    Object.assign(token.payload, good, claims);
    for (const [name, value] of Object.entries(token.payload)) if (value === null) delete token.payload[name];
  });
  peer.service.on("beforeResponse", (told) => response(told));
  const come = async () => {
    const browser = new Browser();
    await settle(browser, await browser.go(begin(server, "google")));
  };
  const now = Math.floor(Date.now() / 1000);
  const wrong = {
    "an expired token": { exp: now - 61 },
    "a token without end": { exp: null },
    "a token from the future": { iat: now + 600 },
    "another nonce": { nonce: "of another visit" },
    "no nonce": { nonce: null },
    "another client's token": { aud: "another" },
    "a token for others as well": { aud: [client.id, "another"] },
    "a token that was given to another": { aud: client.id, azp: "another" },
    "another issuer's token": { iss: "https://accounts.google.com" },
    "nobody's token": { sub: null },
  };
  for (const [what, change] of Object.entries(wrong)) {
    claims = { aud: client.id, ...change };
    await refused(what, notProven, come);
  }
  claims = { aud: client.id };
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const changed = (edit) => (told) => {
    const [header, payload, signature] = told.body.id_token.split(".");
    told.body.id_token = edit(JSON.parse(Buffer.from(header, "base64url")), JSON.parse(Buffer.from(payload, "base64url")), signature);
  };
  const forged = {
    "an unsigned token": changed((header, payload) => `${part({ ...header, alg: "none" })}.${part(payload)}.`),
    "a token that was changed": changed((header, payload, signature) => `${part(header)}.${part({ ...payload, email: "ada@example.org" })}.${signature}`),
    "a key that is none of the provider's": changed((header, payload, signature) => `${part({ ...header, kid: "mine" })}.${part(payload)}.${signature}`),
    "another algorithm": changed((header, payload, signature) => `${part({ ...header, alg: "HS256" })}.${part(payload)}.${signature}`),
    "no token at all": (told) => delete told.body.id_token,
    "an answer of another kind": (told) => Object.assign(told, { body: "<html>" }),
    "a refusal": (told) => Object.assign(told, { statusCode: 400, body: { error: "invalid_grant" } }),
  };
  for (const [what, change] of Object.entries(forged)) {
    response = change;
    await refused(what, notProven, come);
  }
  response = (told) => Object.assign(told, { statusCode: 500, body: {} });
  await refused("a provider that fails", away, come);
  response = () => {};
  for (const email_verified of [false, "true", null]) {
    claims = { aud: client.id, email_verified };
    const told = email_verified === "true" ? notProven : ["access_denied", "EMAIL_NOT_VERIFIED"];
    await refused("an address that is not verified", told, come);
  }
  claims = { aud: client.id };
  await come();
  const tokens = await exchange(server, waiting.brought().code);
  check("and nothing of that has left anything behind", tokens.status, 200);
  await peer.close();
}

try {
  const ports = [await free(), await free(), await free()];
  await emulated(ports[0]);
  await certified(ports[1]);
  await attacked(ports[2]);
  console.log(`oauth: ${checks} checks with three providers of other makers`);
} finally {
  const gone = running.map((child) => new Promise((resolve) => (child.exitCode === null ? child.once("exit", resolve) : resolve())));
  for (const child of running) child.kill("SIGTERM");
  await Promise.all(gone);
}
process.exit();
