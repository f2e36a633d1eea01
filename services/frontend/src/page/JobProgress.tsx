// The big bar of one job, with what is known of its pace, and why it stands still when it does.
import { useRef, useState } from "preact/hooks";
import { clockText, momentMs, msBetween, tookText } from "../core/duration";
import { newEstimate } from "../core/eta";
import { moment, workDone } from "../core/fmt";
import { isFinal, isRunning, type Job, percentOf } from "../core/job";
import { statusText, waitText } from "../core/wording";
import { Linked } from "./JobValue";

type Props = {
  job: Job;
  name: string;
  isStale: boolean;
  isResumed: boolean;
  /** By the server's clock. */
  now: number;
};

export function JobProgress({ job, name, isStale, isResumed, now }: Props) {
  const [estimate] = useState(newEstimate);
  const noted = useRef<Job | null>(null);
  if (noted.current !== job) {
    estimate.note(job, now, msBetween(job.updated_at, now) ?? 0);
    noted.current = job;
  }
  const pace = estimate.words(now);
  const percent = percentOf(job);
  const staleSince = useStaleSince(isStale, job);
  const isBusy = percent === null && !isFinal(job) && !isStale;
  return (
    <div class="job-progress" data-frozen={isStale} data-part="progress">
      <div class="job-bar">
        {isBusy ? (
          <progress key="busy" aria-label={name} max={100} />
        ) : (
          <progress key="known" aria-label={name} max={100} value={percent ?? 0} />
        )}
        <strong class="job-percent" data-part="percent">
          {percent === null ? "" : `${percent}%`}
        </strong>
      </div>
      <p class="job-facts" data-part="facts">
        {[
          amountText(job, percent),
          isStale ? "" : pace.rate,
          isStale ? "" : pace.left,
          isResumed && isRunning(job) ? "goes on where it stopped" : "",
        ]
          .filter(Boolean)
          .map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        <Since job={job} now={now} isStale={isStale} />
      </p>
      <Message job={job} now={now} />
      {isStale && !isFinal(job) && (
        <p class="job-quiet" data-part="stale">
          As of {moment(staleSince)}: the connection is lost, the job goes on without this page.
        </p>
      )}
      {!isStale && pace.silence && (
        <p class="job-quiet" data-part="silence">
          {pace.silence}
        </p>
      )}
    </div>
  );
}

function amountText(job: Job, percent: number | null): string {
  if (job.state === "PENDING" || job.total === 1) return "";
  const done = workDone(job.current, job.total);
  if (job.state === "FAILURE" || job.state === "REVOKED") return done && `stopped at ${done}`;
  if (percent === null && isRunning(job)) return done || "The amount of work is not known";
  return done;
}

/** When it began, or how long it took. */
function Since({ job, now, isStale }: { job: Job; now: number; isStale: boolean }) {
  const { started_at: startedAt, finished_at: finishedAt } = job;
  const ran = msBetween(startedAt, finishedAt ?? now);
  if (!startedAt || ran === null) return null;
  if (finishedAt) {
    return (
      <time dateTime={finishedAt} title={fullMoment(finishedAt)}>
        took {tookText(ran)}, ended at {moment(finishedAt, now)}
      </time>
    );
  }
  if (!isRunning(job)) return null;
  return (
    <time dateTime={startedAt} title={fullMoment(startedAt)}>
      {isStale ? `started at ${moment(startedAt, now)}` : `started ${clockText(ran)} ago`}
    </time>
  );
}

export function fullMoment(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
}

/** What the task says it does, or what the job waits for. */
function Message({ job, now }: { job: Job; now: number }) {
  const said = statusText(job);
  const wait = waitText(job, now);
  const dueMs = job.waiting_for === "schedule" && job.scheduled_for ? momentMs(job.scheduled_for) - now : 0;
  const isStuck = job.waiting_for === "worker" && !isFinal(job);
  return (
    <>
      {said && (
        <p class="job-message" data-part="status">
          <Linked text={said} />
        </p>
      )}
      {wait && (
        <p class={isStuck ? "job-note" : "job-message"} data-part="wait">
          {wait}
          {dueMs > 0 && !job.cancel_requested_at && `, in ${clockText(dueMs + 999)}`}
          {isStuck && ". Start a worker that does, or cancel the job."}
        </p>
      )}
    </>
  );
}

/** Whoever opens the view while the connection is lost sees what the job last wrote. */
function useStaleSince(isStale: boolean, job: Job): string | number {
  const since = useRef<string | number>(job.updated_at);
  const was = useRef(isStale);
  if (isStale && !was.current) since.current = Date.now();
  was.current = isStale;
  return since.current;
}
