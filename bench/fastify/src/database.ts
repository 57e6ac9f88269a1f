// The database: a pool, and statements that are prepared once for each connection.

import pg from "pg";
import { settings } from "./settings.ts";

// Moments keep their microseconds: the text of the database is turned into RFC 3339, not into a Date.
pg.types.setTypeParser(1184, (text) => `${text.slice(0, 10)}T${text.slice(11).replace(/\+00$/, "Z")}`);
pg.types.setTypeParser(20, Number);

export const pool = new pg.Pool({
  host: settings.databaseHost,
  user: settings.databaseUser,
  database: settings.database,
  max: 20,
  options: "-c TimeZone=UTC",
});

/** What statements run on: the pool, or a connection in a transaction. */
export type Runner = Pick<pg.PoolClient, "query">;

/** A statement that is prepared under its name. */
export const statement = (name: string, text: string) => ({
  run: <Row extends pg.QueryResultRow>(runner: Runner, values: unknown[]): Promise<pg.QueryResult<Row>> =>
    runner.query<Row>({ name, text, values }),
});

/** Does work in a transaction. */
export async function transaction<T>(work: (client: Runner) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const done = await work(client);
    await client.query("COMMIT");
    return done;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}
