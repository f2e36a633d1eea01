// Asks before it stops a job that has worked for a while: a slip must not cost an hour.
import { useEffect, useRef, useState } from "preact/hooks";
import { msBetween, tookText } from "../core/duration";
import { isRunning, type Job } from "../core/job";
import { FleetingButton } from "../ui/FleetingButton";

/** What has run for less is soon done again. */
const ASK_AFTER_MS = 10_000;

type Props = { job: Job; name: string; now: () => number; isBusy: boolean; onCancel: () => void };

export function JobCancel({ job, name, now, isBusy, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [ranMs, setRanMs] = useState(0);
  // A question about a job that has ended meanwhile has no answer.
  const mayStop = isRunning(job) && !job.cancel_requested_at;
  useEffect(() => {
    if (!mayStop) dialog.current?.close();
  }, [mayStop]);

  const begin = () => {
    const ran = isRunning(job) ? (msBetween(job.started_at, now()) ?? 0) : 0;
    if (ran < ASK_AFTER_MS) return onCancel();
    setRanMs(ran);
    dialog.current?.showModal();
  };
  const stop = () => {
    dialog.current?.close();
    onCancel();
  };
  return (
    <>
      <FleetingButton class="small" part="cancel" isBusy={isBusy} onClick={begin}>
        Cancel job
      </FleetingButton>
      <dialog ref={dialog} class="job-dialog" aria-labelledby="job-dialog-title" data-part="cancel-dialog">
        <h3 id="job-dialog-title">Cancel {name}?</h3>
        <p>It has run for {tookText(ranMs)}. What it did so far is lost, unless the task keeps it.</p>
        <p class="job-tools">
          {/* The focus is where a slip does no harm. */}
          <button type="button" autofocus onClick={() => dialog.current?.close()}>
            Keep running
          </button>
          <button type="button" class="job-danger" onClick={stop}>
            Cancel job
          </button>
        </p>
      </dialog>
    </>
  );
}
