// Access tokens for people, as the server would sign them: ids come in, one in a line, and tokens go out.
// Arguments: the server's signing key, the server's JWK set, the issuer.

import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";

const [keyFile = "", jwksFile = "", issuer = ""] = process.argv.slice(2);
const key = createPrivateKey(readFileSync(keyFile));
const { keys } = JSON.parse(readFileSync(jwksFile, "utf8")) as { keys: { kid: string }[] };
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const header = encoded({ typ: "JWT", alg: "RS256", kid: keys[0]?.kid });
const now = Math.floor(Date.now() / 1000);

for (const person of readFileSync(0, "utf8").split("\n").filter((line) => line !== "")) {
  const claims = { iss: issuer, aud: "iama-api", sub: person, sid: person, iat: now, exp: now + 7200 };
  const text = `${header}.${encoded(claims)}`;
  const signature = sign("RSA-SHA256", Buffer.from(text), key).toString("base64url");
  process.stdout.write(`${text}.${signature}\n`);
}
