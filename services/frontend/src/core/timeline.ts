// The moves of a job, told as steps: accepted, each attempt and how it ended, each pause, the end.
import { momentMs, msBetween } from "./duration";
import type { Job, State } from "./job";
import type { Tone } from "./wording";

/** A move as `GET status/<id>/timeline` tells it. */
export type Move = {
  at: string;
  state: State;
  attempt: number;
  why: string | null;
  detail: string | null;
  worker: string | null;
};

export type Step = {
  tone: Tone;
  title: string;
  at: string;
  /** What the time from here to the next step was: spent waiting, running, or nothing. */
  span: "waited" | "ran" | "paused" | "none";
  /** null: it goes on. */
  spentMs: number | null;
  /** When a pause is over, as long as it lasts. */
  until: string | null;
  /** How an attempt ended; what the server said beside. */
  ending: string;
  detail: string;
  worker: string;
};

/** Of an older server, or before the answer came: what the document itself tells. */
export function movesOf(job: Job): Move[] {
  const said = { attempt: job.attempt, why: null, detail: null, worker: null };
  const moves: Move[] = [];
  if (job.created_at) moves.push({ ...said, at: job.created_at, state: "PENDING" });
  if (job.started_at) moves.push({ ...said, at: job.started_at, state: "STARTED" });
  if (job.finished_at) moves.push({ ...said, at: job.finished_at, state: job.state });
  else if (job.state === "RETRY") moves.push({ ...said, at: job.updated_at, state: "RETRY" });
  return moves;
}

export function stepsOf(moves: readonly Move[], job: Job | null): Step[] {
  const steps: Step[] = [];
  const told = moves.filter((move) => move.state !== "PROGRESS"); // A first report is no step of its own.
  told.forEach((move, index) => {
    const running = steps.at(-1)?.span === "ran" ? steps.at(-1) : undefined;
    if (running && move.state !== "STARTED") closeAttempt(running, move);
    const step = stepOf(move, running !== undefined, job, index === told.length - 1);
    step.spentMs = index + 1 < told.length ? msBetween(move.at, told[index + 1]?.at) : null;
    steps.push(step);
  });
  return steps;
}

const EMPTY = { until: null, spentMs: null, ending: "", detail: "", worker: "" };

function stepOf(move: Move, wasRunning: boolean, job: Job | null, isLast: boolean): Step {
  const { at } = move;
  switch (move.state) {
    case "PENDING":
      return {
        ...EMPTY,
        at,
        tone: "waiting",
        title: "Accepted",
        span: "waited",
        until: dueAt(job, at, isLast),
      };
    case "STARTED": {
      const title = `Attempt ${Math.max(1, move.attempt)}`;
      return { ...EMPTY, at, tone: "running", title, span: "ran", worker: move.worker ?? "" };
    }
    case "RETRY": {
      const until = dueAt(job, at, isLast);
      // Only a person gives an ended job another attempt.
      if (!wasRunning)
        return { ...EMPTY, at, tone: "waiting", title: "Asked to run again", span: "waited", until };
      const isPause = until !== null || isFailure(move.why);
      const title = isPause ? "Pause" : "Back in line";
      return { ...EMPTY, at, tone: "retrying", title, span: isPause ? "paused" : "waited", until };
    }
    default: {
      const detail = wasRunning ? "" : (move.detail ?? "");
      return { ...EMPTY, at, ...endOf(move), span: "none", detail };
    }
  }
}

/** A pause that is over has no countdown, though the job may still wait in line. */
function dueAt(job: Job | null, at: string, isLast: boolean): string | null {
  const due = job?.scheduled_for ?? null;
  return isLast && due && momentMs(due) > momentMs(at) ? due : null;
}

const ATTEMPT_ENDS: Record<string, string> = {
  failed: "failed",
  failing: "failed",
  retried: "failed",
  lost: "its worker was lost",
  "worker-lost": "its worker was lost",
  drained: "its worker was stopped",
  declined: "this worker does not have the task",
  timeout: "took too long",
  timed_out: "took too long",
  cancelled: "cancelled",
};

const BY_STATE: Partial<Record<State, { tone: Tone; ending: string }>> = {
  SUCCESS: { tone: "done", ending: "succeeded" },
  FAILURE: { tone: "failed", ending: "failed" },
  REVOKED: { tone: "cancelled", ending: "cancelled" },
  RETRY: { tone: "failed", ending: "failed" },
};

/** The move that follows an attempt says how it ended. */
function closeAttempt(attempt: Step, move: Move): void {
  const end = BY_STATE[move.state] ?? { tone: "unknown" as Tone, ending: move.state.toLowerCase() };
  const isTaken = ["drained", "declined"].includes(move.why ?? "");
  attempt.tone = isTaken ? "unknown" : end.tone;
  attempt.ending = (move.state !== "SUCCESS" && ATTEMPT_ENDS[move.why ?? ""]) || end.ending;
  attempt.detail = move.detail ?? "";
}

function isFailure(why: string | null): boolean {
  return !["lost", "worker-lost", "drained"].includes(why ?? "");
}

function endOf(move: Move): { tone: Tone; title: string } {
  if (move.state === "SUCCESS") return { tone: "done", title: "Done" };
  if (move.state === "FAILURE") return { tone: "failed", title: "Failed for good" };
  if (move.state === "REVOKED") {
    return {
      tone: "cancelled",
      title: move.why === "expired" ? "Expired: nobody started it in time" : "Cancelled",
    };
  }
  return { tone: "unknown", title: move.state };
}

/** What a step's time was: "waited 4 s", "ran 9 s", "for 8 s". */
export function spanText(span: Step["span"], took: string, isOver: boolean): string {
  switch (span) {
    case "waited":
      return isOver ? `waited ${took}` : `waiting for ${took}`;
    case "ran":
      return isOver ? `after ${took}` : `running for ${took}`;
    case "paused":
      return isOver ? `before the next attempt: ${took}` : "before the next attempt";
    default:
      return "";
  }
}
