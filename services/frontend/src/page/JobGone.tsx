// The job view without a job: not here yet, not here at all, or not here any more.
import { useEffect, useState } from "preact/hooks";
import { msBetween, tookText } from "../core/duration";
import type { Row } from "../core/store";
import { standingText } from "../core/wording";

const SKELETON_AFTER_MS = 300;

type Props = {
  row: Row;
  onRunAgain: (task: string, args: Record<string, unknown>) => void;
};

export function JobGone({ row, onRunAgain }: Props) {
  if (row.standing !== "missing" && row.standing !== "expired") return <Skeleton />;
  const { job } = row;
  const args = job?.args;
  return (
    <div class="job-gone" data-part="gone">
      <p>{row.standing === "expired" ? expiredText(row) : standingText(row)}</p>
      {job && args && (
        <button type="button" class="small" onClick={() => onRunAgain(job.task, args)}>
          Run again…
        </button>
      )}
    </div>
  );
}

/** How long it was kept is known only if the page saw its end. */
function expiredText({ job }: Row): string {
  const keptMs = msBetween(job?.finished_at, job?.expires_at);
  const kept = keptMs ? tookText(keptMs) : "a while";
  return `Its record was kept for ${kept} after its end and is gone now, with its result and its log.`;
}

/** Not at once: what comes quickly should not flicker. */
function Skeleton() {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), SKELETON_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!isLate) return null;
  return (
    <div class="job-skeleton" aria-busy="true" data-part="loading">
      <p class="unseen">Loading the job…</p>
      <span />
      <span />
      <span />
    </div>
  );
}
