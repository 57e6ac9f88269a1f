// The client of the IAMA server.

export { type Api, connect, newIntent, type Options } from "./client.ts";
export { ApiError, unwrap } from "./errors.ts";
export type * from "./schema.ts";
export { inMemory, type Keeper, type Pair } from "./session.ts";
export { type JobEvent, type Reading, readLogs } from "./stream.ts";
