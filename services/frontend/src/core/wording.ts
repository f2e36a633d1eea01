// What the page says about a row: its state in one word, and in a line why it stands where it stands.
import { moment, timeLeft, workDone } from "./fmt";
import { isFinal, isRunning, type Job } from "./job";
import { problemText, slugOf, waitHint } from "./problem";
import { isAsking, type Row } from "./store";

/** The tone picks colour and icon; the word says the same for those who see neither. */
export type Tone =
  | "waiting"
  | "running"
  | "retrying"
  | "cancelling"
  | "done"
  | "failed"
  | "cancelled"
  | "unknown";
export type Wording = { tone: Tone; word: string };

const BY_STANDING: Partial<Record<Row["standing"], Wording>> = {
  submitting: { tone: "waiting", word: "Starting" },
  refused: { tone: "failed", word: "Not started" },
  loading: { tone: "unknown", word: "Loading" },
  missing: { tone: "unknown", word: "Unknown" },
  expired: { tone: "unknown", word: "Expired" },
};

const BY_STATE: Record<Job["state"], Wording> = {
  PENDING: { tone: "waiting", word: "Waiting" },
  STARTED: { tone: "running", word: "Running" },
  PROGRESS: { tone: "running", word: "Running" },
  RETRY: { tone: "retrying", word: "Retrying" },
  SUCCESS: { tone: "done", word: "Done" },
  FAILURE: { tone: "failed", word: "Failed" },
  REVOKED: { tone: "cancelled", word: "Cancelled" },
};

export function wordingOf(row: Row): Wording {
  const { job } = row;
  const byStanding = BY_STANDING[row.standing];
  if (byStanding || !job) return byStanding ?? { tone: "unknown", word: "Loading" };
  if (isCancelling(row, job)) return { tone: "cancelling", word: "Cancelling…" };
  if (job.state === "REVOKED" && endOf(job) === "expired") return { tone: "cancelled", word: "Expired" };
  // A state of a newer server is shown as it is.
  return BY_STATE[job.state] ?? { tone: "unknown", word: job.state };
}

/** Why the row shows no job, in words; empty when it shows one. */
export function standingText(row: Row): string {
  switch (row.standing) {
    case "missing":
      return "No job with this id here. It may belong to another server.";
    case "expired":
      return "This job has expired: its result was kept for a while and is gone now.";
    case "refused":
      return row.problem ? problemText(row.problem) : "";
    case "submitting":
      return "Sending…";
    case "loading":
      return "Waiting for news…";
    default:
      return "";
  }
}

/** What the job waits for; empty when it waits for nothing. */
export function waitText(job: Job, now = Date.now()): string {
  if (isFinal(job)) return "";
  if (job.cancel_requested_at) return "Asked to stop. If it does not, it is ended in a moment.";
  const when = job.scheduled_for ? moment(job.scheduled_for, now) : "";
  const isRetry = job.state === "RETRY";
  switch (job.waiting_for) {
    case "worker":
      return `Waiting: ${noWorkerText(job.task, job.queue)}`;
    case "schedule":
      if (isRetry) return when ? `Trying again at ${when}` : "Trying again soon";
      return when ? `Starts at ${when}` : "Waiting for its time to start";
    case "slot":
      return job.queue_position ? `Queued, position ${job.queue_position}` : "Queued";
    default:
      return isRetry && !isInterrupted(job) ? "Trying again soon" : "";
  }
}

/** Workers may serve the queue and lack the task, so both are named. */
export function noWorkerText(task: string, queue: string): string {
  return `no worker serves the task “${task}” on the queue “${queue}”`;
}

/** Between two attempts without a failure: its worker was lost or stopped, or somebody asked for another attempt. */
export function isInterrupted(job: Job): boolean {
  return job.state === "RETRY" && !job.error && job.status !== "";
}

/** What the task says it does, unless the page says the same in better words elsewhere in the row. */
export function statusText(job: Job): string {
  if (job.state === "FAILURE" || job.state === "REVOKED") return ""; // the error's text, which the outcome says
  if (isInterrupted(job)) return job.status;
  if (job.state === "RETRY" || job.state === "PENDING") return waitText(job) ? "" : job.status;
  return job.cancel_requested_at && !isFinal(job) ? "" : job.status;
}

export type Reason = { title: string; text: string };

/** Why a job ended without a result, or has to be tried again; and who ended it, where the reason does not say so. */
export function reasonOf(job: Job): Reason {
  const reason = whyOf(job);
  const isByRule = isFinal(job) && job.error?.ended_by === "headway";
  return isByRule ? { ...reason, text: `${reason.text} Headway ended it.`.trim() } : reason;
}

function whyOf(job: Job): Reason {
  const text = job.error?.detail || (isFinal(job) && job.state !== "SUCCESS" ? job.status : "");
  const title = job.error?.title ?? "";
  switch (endOf(job)) {
    case "cancelled":
      return { title: "", text: text || title };
    case "expired":
      return { title: "", text: "No worker started it in time." };
    case "worker-lost":
      return { title: "Worker lost", text };
    case "timeout":
      return { title: "Took too long", text };
    default:
      return { title, text };
  }
}

/** Why the job was not stopped or run again, when somebody asked for that. */
export function refusalText(row: Row): string {
  const problem = row.ask?.problem;
  if (!row.ask || !problem) return "";
  const what = row.ask.action === "cancel" ? "Not cancelled." : "Not retried.";
  return [what, problem.detail || problem.title, waitHint(problem)].filter(Boolean).join(" ");
}

function endOf(job: Job): string {
  return job.error ? slugOf(job.error) : "";
}

/** From the click on, so that it is seen to do something on a slow connection too. */
function isCancelling(row: Row, job: Job): boolean {
  if (isFinal(job)) return false;
  return Boolean(job.cancel_requested_at) || (row.ask?.action === "cancel" && isAsking(row));
}

/** Amount of work, time left and attempt, as far as they are known and still matter. */
export function factsOf(job: Job, isResumed = false): string[] {
  // 0 of 1 is what a job says that has not begun, and 100 of 100 what the bar says already.
  const saysLittle = job.state === "PENDING" || job.total === 1 || (job.state === "SUCCESS" && job.total);
  const isWorking = isRunning(job) && !job.cancel_requested_at;
  const done = saysLittle ? "" : workDone(job.current, job.total);
  const isStopped = job.state === "FAILURE" || job.state === "REVOKED";
  return [
    done && isStopped ? `stopped at ${done}` : done,
    isWorking ? timeLeft(job.eta_seconds) : "",
    job.attempt > 1 ? `attempt ${job.attempt}` : "",
    isResumed && isWorking ? "goes on where it stopped" : "",
  ].filter(Boolean);
}
