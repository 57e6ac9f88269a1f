// Writes that happen once: `Idempotency-Key`. The answer is kept for a day, sealed.

import { createHash } from "node:crypto";
import { pool, statement } from "./database.ts";
import { ApiError } from "./errors.ts";
import { KEY_NAME, seal } from "./sealing.ts";

const BEGIN = statement(
  "once_begin",
  `INSERT INTO idempotency_keys AS k
     (actor_id, operation, key, request_hash, locked_until, created_at, expires_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7)
   ON CONFLICT (actor_id, operation, key) DO UPDATE SET
     request_hash = excluded.request_hash, status = NULL, body = NULL, kms_key_ref = NULL,
     locked_until = excluded.locked_until, created_at = excluded.created_at, expires_at = excluded.expires_at
   WHERE k.expires_at <= $6
      OR (k.status IS NULL AND k.locked_until <= $6 AND k.request_hash = excluded.request_hash)
   RETURNING true AS taken`,
);
const FINISH = statement(
  "once_finish",
  `UPDATE idempotency_keys SET status = $4, body = $5, kms_key_ref = $6
   WHERE actor_id = $1 AND operation = $2 AND key = $3`,
);

const MINUTE = 60_000;

/** Does a write, and keeps its answer. Answers of earlier requests are not given again here: nobody asks for them. */
export async function once(
  user: string,
  operation: string,
  key: string | undefined,
  body: string,
  write: (now: Date) => Promise<string>,
): Promise<string> {
  if (key === undefined || key.length < 1 || key.length > 255) {
    throw new ApiError(400, "IDEMPOTENCY_KEY_MISSING", "a write needs an Idempotency-Key", "Send the header.");
  }
  const now = new Date();
  const hash = createHash("sha256").update(body).digest();
  const later = (ms: number) => new Date(now.getTime() + ms);
  const taken = await BEGIN.run(pool, [user, operation, key, hash, later(MINUTE), now, later(24 * 60 * MINUTE)]);
  if (taken.rowCount !== 1) {
    throw new ApiError(409, "IDEMPOTENCY_IN_PROGRESS", "a request with this key was made", "Use a new key.");
  }
  const answer = await write(now);
  await FINISH.run(pool, [user, operation, key, 200, seal(`idempotency:${user}`, answer), KEY_NAME]);
  return answer;
}
