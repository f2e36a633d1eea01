// What went wrong, in the server's words (RFC 9457) or, when there are none, in ours.

export type FieldError = { pointer: string; detail: string };

export type Problem = {
  title: string;
  detail: string;
  status: number | null;
  type: string;
  errors: readonly FieldError[];
  /** How long the server asked us to wait before the next try. */
  retryAfterSeconds: number | null;
};

const UNREACHABLE: Problem = {
  type: "/problems/unreachable",
  title: "No connection",
  detail: "The server could not be reached. Check the connection, then try again.",
  status: null,
  errors: [],
  retryAfterSeconds: null,
};

/** A failed `fetch` tells a script nothing but that it failed. */
export function unreachable(): Problem {
  return UNREACHABLE;
}

/** Reads an error answer; never throws, because a proxy may have answered with anything. */
export async function problemFrom(response: Response): Promise<Problem> {
  const body = await response.json().catch(() => null);
  return { ...problemOf(body, response.status), retryAfterSeconds: retryAfter(response.headers) };
}

export function problemOf(body: unknown, status: number | null = null): Problem {
  const said = isRecord(body) ? body : {};
  return {
    type: textOr(said.type, "about:blank"),
    title: textOr(said.title, status ? `The server answered ${status}` : "Failed"),
    detail: textOr(said.detail, ""),
    status: typeof said.status === "number" ? said.status : status,
    errors: Array.isArray(said.errors) ? said.errors.filter(isRecord).map(fieldErrorOf) : [],
    retryAfterSeconds: null,
  };
}

/** One sentence or two for a person. */
export function problemText(problem: Problem): string {
  if (!problem.detail) return problem.title;
  if (!problem.title || problem.detail.startsWith(problem.title)) return problem.detail;
  return `${problem.title}: ${problem.detail}`;
}

/** The last part of the type: what kind of problem it is, in a word that never changes. */
export function slugOf(problem: Pick<Problem, "type">): string {
  return problem.type?.split("/").pop() ?? "";
}

/** The server did not refuse: it could not be reached, or was busy. The same question may be answered later. */
export function mayPass({ status }: Problem): boolean {
  return status === null || status === 429 || status >= 500;
}

/** When to try again, unless the detail has said so. */
export function waitHint({ detail, retryAfterSeconds }: Problem): string {
  if (!retryAfterSeconds || detail.includes(`${retryAfterSeconds} s`)) return "";
  return `Try again in ${retryAfterSeconds} s.`;
}

/** `Retry-After` in seconds; it may also be a date. */
export function retryAfter(headers: Headers, now = Date.now()): number | null {
  const said = headers.get("Retry-After");
  if (!said) return null;
  const seconds = /^\d+$/.test(said.trim()) ? Number(said) : (Date.parse(said) - now) / 1000;
  return Number.isFinite(seconds) ? Math.min(3600, Math.max(0, Math.ceil(seconds))) : null;
}

function fieldErrorOf(said: Record<string, unknown>): FieldError {
  return { pointer: textOr(said.pointer, ""), detail: textOr(said.detail, "Not accepted.") };
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" && value !== "" ? value : otherwise;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
