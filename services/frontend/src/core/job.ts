// What a job looks like to the page, and the few questions everybody asks about one.
import type { Problem } from "./problem";

/** What a person may ask of a job. */
export type Action = "cancel" | "retry";
export type State = "PENDING" | "STARTED" | "PROGRESS" | "RETRY" | "SUCCESS" | "FAILURE" | "REVOKED";

/** Why it ended without a result, or has to be tried again. A server that is older does not say who ended it. */
export type JobError = Problem & {
  ended_by?: "client" | "task" | "headway";
  /** The class of what the task raised. */
  exception?: string;
};

/** The job document of `GET status/<id>`. Fields the page does not read are left out. */
export type Job = {
  id: string;
  /** Strictly increasing; a document with a lower one is old news. */
  version: number;
  state: State;
  task: string;
  current: number | null;
  /** null or 0: the amount of work is not known, so there is no percentage. */
  total: number | null;
  percent: number | null;
  status: string;
  /** Any JSON value; absent (or null) as long as there is none. */
  result?: unknown;
  error: JobError | null;
  attempt: number;
  queue: string;
  scheduled_for: string | null;
  /** When the present or last attempt began; tells two attempts apart. */
  started_at: string | null;
  updated_at: string;
  cancel_requested_at: string | null;
  eta_seconds: number | null;
  queue_position: number | null;
  /** Why it does not run yet: no worker, not before its time, or others are first. */
  waiting_for: "worker" | "schedule" | "slot" | null;
  /** Has an address for each thing that the job's state allows. A server that is older knows neither. */
  links?: Partial<Record<Action, string>>;
  /** As they were sent. In a list they are null when they are long. */
  args?: Record<string, unknown> | null;
  max_retries?: number;
  created_at?: string;
  finished_at?: string | null;
  /** When the record of an ended job is dropped. */
  expires_at?: string | null;
};

const FINAL: ReadonlySet<State> = new Set<State>(["SUCCESS", "FAILURE", "REVOKED"]);

export function isFinal(job: Pick<Job, "state">): boolean {
  return FINAL.has(job.state);
}

export function isRunning(job: Pick<Job, "state">): boolean {
  return job.state === "STARTED" || job.state === "PROGRESS";
}

/** The server says what may be asked; asking twice to stop would change nothing. */
export function mayAsk(job: Job, action: Action): boolean {
  return Boolean(job.links?.[action]) && !(action === "cancel" && job.cancel_requested_at);
}

/** 0 to 100 in whole numbers, or null when nobody knows. Rounds down: 99.9 is not done. */
export function percentOf(job: Job): number | null {
  if (job.state === "SUCCESS") return 100;
  const known = job.percent ?? (job.total ? ((job.current ?? 0) * 100) / job.total : null);
  if (known === null || !Number.isFinite(known)) return null;
  return Math.floor(Math.min(100, Math.max(0, known)));
}

/** The id at the end of a `Location` header. A proxy may have named another host there, so only the id counts. */
export function idFromLocation(location: string | null): string | null {
  const path = location?.split(/[?#]/)[0]?.replace(/\/+$/, "");
  const last = path?.split("/").pop();
  return last ? decodeURIComponent(last) : null;
}
