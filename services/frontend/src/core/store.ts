// The rows of the page, newest first: takes in what the server says, drops what is old, tells who listens.
import { newKey } from "./idempotency";
import { type Action, isFinal, type Job, mayAsk } from "./job";
import type { Problem } from "./problem";
import { isResumed } from "./resumed";

export type LogLine = { line: string; text: string; at: string };

/** What somebody asked of a job here: under way, or refused for a reason. */
export type Ask = { readonly action: Action; readonly problem: Problem | null };

/** Rows are never changed, only replaced: an equal reference means nothing to draw. */
export type Row = {
  /** Stays the same from the click on, before there is an id. */
  readonly key: string;
  readonly id: string | null;
  readonly standing: "submitting" | "refused" | "loading" | "known" | "missing" | "expired";
  readonly job: Job | null;
  readonly problem: Problem | null;
  readonly log: readonly LogLine[];
  readonly ask: Ask | null;
  /** The present attempt goes on where another one stopped. */
  readonly isResumed: boolean;
};

const EMPTY = { job: null, problem: null, log: [], ask: null, isResumed: false } as const;

type Listener = (after: Row | null, before: Row | null) => void;

const MOST_LOG_LINES = 50;

export class JobStore {
  /** By key; the newest is last, because a map keeps the order in which it was filled. */
  private rows = new Map<string, Row>();
  private byId = new Map<string, Row>();
  /** The rows as they are told, until one of them changes: with a thousand of them each change must be cheap. */
  private told: readonly Row[] | null = null;
  private listeners = new Set<Listener>();
  private nextKey = 1;

  all(): readonly Row[] {
    this.told ??= [...this.rows.values()].reverse();
    return this.told;
  }

  row(id: string): Row | null {
    return this.byId.get(id) ?? null;
  }

  job(id: string): Job | null {
    return this.byId.get(id)?.job ?? null;
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A row for a click whose answer is not here yet. Its key is fit to be sent: one row is one wish. */
  addSubmitting(): string {
    const key = newKey();
    this.insert({ ...EMPTY, key, id: null, standing: "submitting" });
    return key;
  }

  /** The server took the job that the row stands for. */
  accept(key: string, id: string): void {
    const row = this.rows.get(key);
    if (row) this.replace(row, { ...row, id, standing: "loading", problem: null });
  }

  refuse(key: string, problem: Problem): void {
    const row = this.rows.get(key);
    if (row) this.replace(row, { ...row, standing: "refused", problem });
  }

  resubmit(key: string): void {
    const row = this.rows.get(key);
    if (row) this.replace(row, { ...row, standing: "submitting", problem: null });
  }

  /** A row for a job that exists already. Asking twice (a replayed submit) makes one row. */
  add(id: string, job: Job | null = null): void {
    if (!this.byId.has(id)) {
      const key = `row-${this.nextKey++}`;
      this.insert({ ...EMPTY, key, id, standing: "loading" });
    }
    if (job) this.putJob(job);
  }

  /** A whole document. Equal versions are taken: a snapshot may correct a merge. */
  putJob(job: Job): void {
    const row = this.byId.get(job.id);
    if (!row || (row.job && job.version < row.job.version)) return;
    if (row.job?.version === job.version && row.standing === "known" && isFinal(row.job)) return;
    this.replace(row, knownAs(row, job));
  }

  /**
   * The fields that changed. Without the document they belong to they mean nothing, and are dropped.
   * A waiting job's place in the line changes without a new version.
   */
  mergeJob(change: Partial<Job> & Pick<Job, "id" | "version">): void {
    const row = this.byId.get(change.id);
    if (!row?.job || change.version < row.job.version) return;
    if (change.version === row.job.version && isFinal(row.job)) return;
    this.replace(row, knownAs(row, { ...row.job, ...change }));
  }

  addLogLine(id: string, line: LogLine): void {
    const row = this.byId.get(id);
    // A resumed stream may say a line again.
    if (!row || row.log.some((old) => old.line === line.line)) return;
    this.replace(row, { ...row, log: [...row.log, line].slice(-MOST_LOG_LINES) });
  }

  markGone(id: string, status: number, problem: Problem): void {
    const row = this.byId.get(id);
    if (!row) return;
    this.replace(row, { ...row, standing: status === 410 ? "expired" : "missing", problem, ask: null });
  }

  /** False when there is nothing to ask of it, or the answer to the last question is not here yet. */
  beginAsk(id: string, action: Action): boolean {
    const row = this.byId.get(id);
    if (!row?.job || !mayAsk(row.job, action) || isAsking(row)) return false;
    this.replace(row, { ...row, ask: { action, problem: null } });
    return true;
  }

  /** A refusal stays on the row for as long as the same could be asked again. */
  endAsk(id: string, problem: Problem | null): void {
    const row = this.byId.get(id);
    if (!row?.job || !row.ask) return;
    const isRefused = problem !== null && mayAsk(row.job, row.ask.action);
    this.replace(row, { ...row, ask: isRefused ? { ...row.ask, problem } : null });
  }

  /** The jobs that can still change, newest first: what has to be followed. */
  unfinishedIds(): string[] {
    return this.all()
      .filter(isUnfinished)
      .map((row) => row.id as string);
  }

  isUnfinished(id: string): boolean {
    const row = this.byId.get(id);
    return row !== undefined && isUnfinished(row);
  }

  /** Takes away the rows that `leaves` names and says which ids went with them. */
  clear(leaves: (row: Row) => boolean): string[] {
    const gone = this.all().filter(leaves);
    this.told = null;
    for (const row of gone) this.rows.delete(row.key);
    for (const row of gone) if (row.id) this.byId.delete(row.id);
    for (const row of gone) this.tell(null, row);
    return gone.flatMap((row) => row.id ?? []);
  }

  private insert(row: Row): void {
    this.told = null;
    this.rows.set(row.key, row);
    if (row.id) this.byId.set(row.id, row);
    this.tell(row, null);
  }

  private replace(before: Row, after: Row): void {
    this.told = null;
    this.rows.set(after.key, after);
    if (after.id) this.byId.set(after.id, after);
    this.tell(after, before);
  }

  private tell(after: Row | null, before: Row | null): void {
    for (const listener of this.listeners) listener(after, before);
  }
}

function knownAs(row: Row, job: Job): Row {
  const isSettled = row.ask?.problem && !mayAsk(job, row.ask.action);
  const ask = isSettled ? null : row.ask;
  return { ...row, standing: "known", job, problem: null, ask, isResumed: isResumed(job, row) };
}

export function isAsking(row: Row): boolean {
  return row.ask !== null && row.ask.problem === null;
}

/** The server may still have news about this row. */
export function isUnfinished(row: Row): boolean {
  if (!row.id || row.standing === "missing" || row.standing === "expired") return false;
  return !row.job || !isFinal(row.job);
}

/** Nothing more will happen in this row. */
export function isOver(row: Row): boolean {
  if (row.standing === "submitting" || isAsking(row)) return false;
  return !isUnfinished(row);
}
