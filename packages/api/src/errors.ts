// What the server says when something goes wrong, as a value that can be thrown.

import type { ErrorBody, ErrorDetail } from "./schema.ts";

/** An answer that is no success. `code` is stable; `message` and `hint` are for people. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  readonly details: unknown;
  /** Under what the server has logged it. */
  readonly requestId: string | undefined;

  constructor(status: number, error: ErrorDetail, requestId: string | undefined) {
    super(error.message);
    this.name = "ApiError";
    this.status = status;
    this.code = error.code;
    this.hint = error.hint;
    this.details = error.details;
    this.requestId = requestId;
  }
}

/** An answer of the client: either the data that the document promises, or what went wrong. */
type Answer<T> = { readonly data?: T; readonly error?: unknown; readonly response: Response };

/** The data of an answer. Throws {@link ApiError} when there is none. */
export function unwrap<T>(answer: Answer<T>): T {
  const { data, error, response } = answer;
  if (!response.ok) {
    throw new ApiError(response.status, detail(error), response.headers.get("x-request-id") ?? undefined);
  }
  // A success without a body is `undefined`, and so is its type.
  return data as T;
}

/** What an error's body says; something that is no answer of the server's, such as a proxy's page, says little. */
function detail(body: unknown): ErrorDetail {
  if (isErrorBody(body)) {
    return body.error;
  }
  return { code: "UNKNOWN", message: "the answer is none of the server's", hint: "See what stands between." };
}

/** Whether a body has the one form of all errors. */
export function isErrorBody(body: unknown): body is ErrorBody {
  if (typeof body !== "object" || body === null || !("error" in body)) {
    return false;
  }
  const { error } = body;
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string";
}
