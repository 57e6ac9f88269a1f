// Envelope encryption of kept answers: a data key for each text, wrapped by the server's key. AES-256-GCM both times.

import { createCipheriv, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { settings } from "./settings.ts";

const serverKey = Buffer.from(readFileSync(settings.sealingKey, "utf8").trim(), "hex");

export const KEY_NAME = "dev";

function encrypt(key: Buffer, context: string, plain: Buffer): Buffer[] {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(context));
  return [nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()];
}

/** The wrapped key and the text, for one column. */
export function seal(context: string, plain: string): Buffer {
  const dataKey = randomBytes(32);
  return Buffer.concat([
    ...encrypt(serverKey, context, dataKey),
    ...encrypt(dataKey, context, Buffer.from(plain)),
  ]);
}
