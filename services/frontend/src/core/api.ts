// The requests of the page. Each gives back an answer or a problem, and never throws.
import { ServerClock } from "./clock";
import { parseExact } from "./exact-json";
import { type Action, idFromLocation, type Job, type State } from "./job";
import { type Problem, problemFrom, problemOf, unreachable } from "./problem";
import type { Schema } from "./schema";
import type { LogLine } from "./store";
import type { Move } from "./timeline";

export type Task = {
  name: string;
  description: string;
  schema: Schema;
  queue: string;
  live_workers: number;
  /** What holds for a job that says nothing else. A server that is older does not say. */
  timeout_seconds?: number | null;
  max_retries?: number;
};

export type Answer<Value> = { ok: true; value: Value } | { ok: false; problem: Problem };
export type Accepted = { id: string; job: Job | null };
/** Which jobs a list shows; without states all of them. */
export type Filter = { states: readonly State[]; task: string; search: string };
export type Listed = { jobs: Job[]; nextToken: string | null };
export type Outcome = { id: string; status: number; state: State | null; detail: string | null };
export type StatusAnswer = { kind: "job"; job: Job; etag: string | null } | { kind: "same" };

const TIMEOUT_MS = 15_000;

export class Api {
  /** Learns from every answer what time it is where the jobs' times are written. */
  readonly clock = new ServerClock();

  constructor(
    readonly root: string,
    readonly fetch: typeof globalThis.fetch,
  ) {}

  /** Starts the demo job: the seed's route, which answers with nothing but a `Location`. */
  startLongTask(idempotencyKey: string): Promise<Answer<Accepted>> {
    const headers = { "Idempotency-Key": idempotencyKey };
    return this.ask("longtask", { method: "POST", headers }, accepted);
  }

  /** The options are the further fields of a submit: priority, queue and the like. */
  startJob(
    task: string,
    args: Record<string, unknown>,
    idempotencyKey: string,
    options: Record<string, unknown> = {},
  ): Promise<Answer<Accepted>> {
    const headers = { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey };
    const body = JSON.stringify({ ...options, task, args });
    return this.ask("jobs", { method: "POST", headers, body }, accepted);
  }

  listTasks(): Promise<Answer<Task[]>> {
    return this.ask("tasks", {}, async (response) => {
      const body = (await response.json()) as { tasks?: Task[] };
      return Array.isArray(body.tasks) ? body.tasks : [];
    });
  }

  /** Asks for one job; with the `etag` of the last answer an unchanged job costs no body. */
  async status(id: string, etag: string | null): Promise<Answer<StatusAnswer>> {
    const headers = etag ? { "If-None-Match": etag } : {};
    // `no-store` keeps the browser from answering the 304 itself with the body it kept.
    return this.ask(`status/${encodeURIComponent(id)}`, { headers, cache: "no-store" }, async (response) => {
      if (response.status === 304) return { kind: "same" };
      const job = parseExact(await response.text()) as Job;
      return { kind: "job", job, etag: response.headers.get("ETag") };
    });
  }

  /** A page of jobs, newest first; `token` of the page before leads to the next one. */
  listJobs(filter: Filter, size: number, token: string | null): Promise<Answer<Listed>> {
    const parameters = new URLSearchParams({ page_size: String(size) });
    if (filter.states.length > 0) parameters.set("state", filter.states.join(","));
    if (filter.task) parameters.set("task", filter.task);
    if (filter.search) parameters.set("q", filter.search);
    if (token) parameters.set("page_token", token);
    return this.ask(`status?${parameters}`, { cache: "no-store" }, async (response) => {
      const body = parseExact(await response.text()) as { jobs: Job[]; next_page_token: string | null };
      return { jobs: body.jobs, nextToken: body.next_page_token };
    });
  }

  /** The figures of all jobs, as they came. */
  stats(): Promise<Answer<string>> {
    return this.ask("stats", { cache: "no-store" }, (response) => response.text());
  }

  /** The same for many jobs, up to a hundred; what became of each, in their order. */
  actOnMany(ids: readonly string[], action: Action): Promise<Answer<Outcome[]>> {
    const headers = { "Content-Type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify({ ids }) };
    return this.ask(`jobs/${action}`, init, async (response) => {
      const body = (await response.json()) as { results: Outcome[] };
      return body.results;
    });
  }

  /** Asks that a job be stopped or run again; the answer is the job as it stands then. */
  act(id: string, action: Action): Promise<Answer<Job>> {
    return this.ask(
      `jobs/${encodeURIComponent(id)}/${action}`,
      { method: "POST" },
      async (response) => parseExact(await response.text()) as Job,
    );
  }

  /** How the job came to where it stands, oldest first. */
  timeline(id: string): Promise<Answer<Move[]>> {
    return this.ask(`status/${encodeURIComponent(id)}/timeline`, {}, async (response) => {
      const { moves } = (await response.json()) as { moves?: Move[] };
      if (!Array.isArray(moves)) throw new SyntaxError("a timeline has moves");
      return moves;
    });
  }

  /** The lines of its log that are kept, behind the line `after`; `total` counts those that are gone too. */
  log(id: string, after: string | null): Promise<Answer<{ lines: LogLine[]; total: number }>> {
    const query = after ? `?after=${encodeURIComponent(after)}` : "";
    return this.ask(`status/${encodeURIComponent(id)}/log${query}`, {}, async (response) => {
      const { lines, lines_total } = (await response.json()) as { lines?: LogLine[]; lines_total?: number };
      if (!Array.isArray(lines)) throw new SyntaxError("a log has lines");
      return { lines, total: lines_total ?? lines.length };
    });
  }

  /** The result alone, whatever its length. */
  result(id: string): Promise<Answer<unknown>> {
    return this.ask(`status/${encodeURIComponent(id)}/result`, {}, async (response) =>
      parseExact(await response.text()),
    );
  }

  private async ask<Value>(
    path: string,
    init: RequestInit,
    read: (response: Response) => Promise<Value>,
  ): Promise<Answer<Value>> {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const sentAt = Date.now();
      const response = await this.fetch(this.root + path, { ...init, signal });
      this.clock.learn(response.headers.get("Date"), sentAt, Date.now());
      if (!response.ok && response.status !== 304) {
        return { ok: false, problem: await problemFrom(response) };
      }
      return { ok: true, value: await read(response) };
    } catch (error) {
      if (error instanceof SyntaxError) return { ok: false, problem: notOurs() };
      return { ok: false, problem: unreachable() };
    }
  }
}

async function accepted(response: Response): Promise<Accepted> {
  const body = parseExact((await response.text()) || "{}") as Partial<Job>;
  const id = idFromLocation(response.headers.get("Location")) ?? body.id;
  if (!id) throw new SyntaxError("an accepted job has an id");
  return { id, job: typeof body.version === "number" ? (body as Job) : null };
}

function notOurs(): Problem {
  const detail =
    "The answer did not come from Headway. Something between this page and the server is set up wrong.";
  return problemOf({ title: "Unexpected answer", detail });
}
