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

function stepOf({ at, state, attempt, why, detail, worker }: Move): Step {
  const step = (tone: Tone, title: string, span: Step["span"], more: Partial<Step> = {}): Step => ({
    ...{ tone, title, at, span, until: null, spentMs: null, ending: "", detail: "", worker: "" },
    ...more,
  });
  if (why === "claimed") return step("running", `Attempt ${attempt}`, "ran", { worker: worker ?? "" });
  if (why === "submitted") return step("waiting", "Accepted", "waited");
  if (why === "due") return step("waiting", "Its time came", "waited");
  if (why === "restarted") return step("waiting", "Asked to run again", "waited");
  if (why === "cancelled") return step("cancelled", "Cancelled", "none", { detail: detail ?? "" });
  if (why === "expired") return step("cancelled", "Expired: nobody started it in time", "none");
  if (state === "SUCCESS") return step("done", "Done", "none");
  if (state === "FAILURE") return step("failed", "Failed for good", "none");
  if (why === "lost" || why === "drained") return step("retrying", "Back in line", "waited");
  if (state === "RETRY") return step("retrying", "Pause", "paused");
  return step("unknown", state, "none");
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
