// The moves of a job, told as steps: accepted, each attempt and how it ended, each pause, the end.
import { momentMs, msBetween } from "./duration";
import type { Job, State } from "./job";
import type { Tone } from "./wording";

/** A move as `GET status/<id>/timeline` tells it. */
export type Move = {
  at: string;
  state: State;
  attempt: number;
  why: string;
  detail: string | null;
  worker: string | null;
};

export type Step = {
  tone: Tone;
  title: string;
  at: string;
  /** What the time from here to the next step was spent with. */
  span: "waited" | "ran" | "paused" | "none";
  /** null: it goes on, or nobody knows. */
  spentMs: number | null;
  /** When a wait is over that has an end. */
  until: string | null;
  /** How an attempt ended. */
  ending: string;
  detail: string;
  worker: string;
};

/** Of a long story the server keeps the beginning and the newest moves. */
const FIRST_KEPT = 20;
const KEPT = 100;

export function stepsOf(moves: readonly Move[], job: Job | null): Step[] {
  const steps: Step[] = [];
  const gap = moves.length >= KEPT ? moves[FIRST_KEPT - 1]?.at : "";
  for (const move of moves) {
    if (move.why === "progressed") continue; // A first report is no step of its own.
    const before = steps.at(-1);
    if (before) before.spentMs = before.at === gap ? null : msBetween(before.at, move.at);
    if (before?.span === "ran") closeAttempt(before, move);
    steps.push(stepOf(move));
  }
  const last = steps.at(-1);
  const due = job?.scheduled_for ?? null;
  if (last && momentMs(due) > momentMs(last.at)) last.until = due;
  return steps;
}

type Kind = [tone: Tone, title: string, span: Step["span"]];

const BY_WHY: Record<string, Kind> = {
  submitted: ["waiting", "Accepted", "waited"],
  due: ["waiting", "Its time came", "waited"],
  claimed: ["running", "Attempt", "ran"],
  restarted: ["waiting", "Asked to run again", "waited"],
  cancelled: ["cancelled", "Cancelled", "none"],
  expired: ["cancelled", "Expired: nobody started it in time", "none"],
};

const BACK_IN_LINE: Kind = ["retrying", "Back in line", "waited"];

const BY_STATE: Partial<Record<State, Kind>> = {
  SUCCESS: ["done", "Done", "none"],
  FAILURE: ["failed", "Failed for good", "none"],
  RETRY: ["retrying", "Pause", "paused"],
};

function stepOf({ at, state, attempt, why, detail, worker }: Move): Step {
  const isBack = state === "RETRY" && (why === "lost" || why === "drained");
  const kind = BY_WHY[why] ?? (isBack ? BACK_IN_LINE : BY_STATE[state]);
  const [tone, title, span] = kind ?? ["unknown", state, "none"];
  const isAttempt = span === "ran";
  return {
    ...{ at, tone, span, spentMs: null, until: null, ending: "" },
    title: isAttempt ? `${title} ${attempt}` : title,
    // Why a job failed stands with the attempt.
    detail: (why === "cancelled" && detail) || "",
    worker: (isAttempt && worker) || "",
  };
}

const ENDINGS: Record<string, [Tone, string]> = {
  succeeded: ["done", "succeeded"],
  failed: ["failed", "failed"],
  timed_out: ["failed", "took too long"],
  lost: ["failed", "its worker was lost"],
  drained: ["unknown", "its worker was stopped"],
  declined: ["unknown", "this worker does not have the task"],
  cancelled: ["cancelled", "cancelled"],
};

/** The move that follows an attempt says how it ended. */
function closeAttempt(attempt: Step, { why, detail }: Move): void {
  const [tone, ending] = ENDINGS[why] ?? ["unknown", why.replaceAll("_", " ")];
  attempt.tone = tone;
  attempt.ending = ending;
  // Why it was cancelled stands with the end.
  if (why !== "cancelled") attempt.detail = detail ?? "";
}

/** "waited 4 s", "after 9 s"; or, of what goes on, "running for 0:31". */
export function spanText(span: Step["span"], took: string, isOver: boolean): string {
  if (span === "waited") return isOver ? `waited ${took}` : `waiting for ${took}`;
  if (span === "ran") return isOver ? `after ${took}` : `running for ${took}`;
  return span === "paused" ? `before the next attempt${isOver ? `: ${took}` : ""}` : "";
}
