// Callers: access tokens signed with RS256. A token that was verified is known again by its hash until it expires.

import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createVerifier } from "fast-jwt";
import { ApiError } from "./errors.ts";
import { settings } from "./settings.ts";

type Jwk = { readonly kid: string; readonly [field: string]: unknown };
type Claims = { readonly sub: string; readonly sid: string; readonly exp: number };

const known = JSON.parse(readFileSync(settings.keys, "utf8")) as { keys: Jwk[] };
const pems = new Map(
  known.keys.map((jwk) => {
    const key = createPublicKey({ key: jwk, format: "jwk" });
    return [jwk.kid, key.export({ type: "spki", format: "pem" }).toString()];
  }),
);
const verifiers = new Map(
  [...pems].map(([kid, key]) => [
    kid,
    createVerifier({
      key,
      algorithms: ["RS256"],
      allowedIss: settings.issuer,
      allowedAud: "iama-api",
      requiredClaims: ["exp", "aud", "iss", "sub"],
      cache: 10_000,
    }),
  ]),
);

const refused = () =>
  new ApiError(401, "UNAUTHENTICATED", "the access token is not valid", "Sign in and send the access token.");

/** Who asks. */
export function caller(authorization: string | undefined): Claims {
  if (authorization === undefined || !authorization.startsWith("Bearer ")) {
    throw refused();
  }
  const token = authorization.slice(7);
  try {
    const header = JSON.parse(Buffer.from(token.slice(0, token.indexOf(".")), "base64url").toString()) as Jwk;
    const verify = verifiers.get(header.kid);
    if (verify === undefined) {
      throw refused();
    }
    return verify(token) as Claims;
  } catch {
    throw refused();
  }
}
