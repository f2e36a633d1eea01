// Whether an attempt goes on where another one stopped: the job document does not say it, its bar does.
import { isRunning, type Job } from "./job";

/** So soon after its beginning an attempt has not done again what took the last one longer. */
const AT_ONCE_MS = 2_000;

type Before = { readonly job: Job | null; readonly isResumed: boolean };

/** Without a checkpoint an attempt begins at zero, so a bar that does not was taken over. */
export function isResumed(after: Job, before: Before): boolean {
  if (!isRunning(after)) return false;
  if (before.job?.started_at === after.started_at) return before.isResumed;
  const now = after.current ?? 0;
  if (after.state === "STARTED") return now > 0;
  // Its first report came together with its start.
  const then = before.job?.current ?? 0;
  return then > 0 && now >= then && ageMs(after) < AT_ONCE_MS;
}

function ageMs(job: Job): number {
  return Date.parse(job.updated_at) - Date.parse(job.started_at ?? "");
}
