// One job, whole: its bar, how it came there, what it says, what it was given, and what came of it.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Api } from "../core/api";
import { isFinal, isRunning, type Job } from "../core/job";
import type { LogLine, Row } from "../core/store";
import { refusalText, wordingOf } from "../core/wording";
import { nameOf } from "../ui/names";
import { JobGone } from "./JobGone";
import { JobHead } from "./JobHead";
import { JobLog } from "./JobLog";
import { JobOutcome } from "./JobOutcome";
import { JobPart } from "./JobPart";
import { JobProgress } from "./JobProgress";
import { JobTimeline } from "./JobTimeline";
import { JobValue } from "./JobValue";
import { useJobDetails } from "./useJobDetails";
import { useNow } from "./useNow";

export type JobViewProps = {
  id: string;
  row: Pick<Row, "job" | "problem" | "standing" | "ask" | "isResumed">;
  lines: readonly LogLine[];
  api: Api;
  /** The connection is lost: nothing is known to move. */
  isStale: boolean;
  onAsk: (action: "cancel" | "retry") => void;
  onRunAgain: (task: string, args: Record<string, unknown>) => void;
  onClose: () => void;
  say: (text: string) => void;
};

/** Another job is another view: nothing of the last one may stay. */
export default function JobView(props: JobViewProps) {
  return <OneJob key={props.id} {...props} />;
}

function OneJob(props: JobViewProps) {
  const { id, api, lines, isStale, say } = props;
  const row: Row = { ...props.row, key: id, id, log: [] };
  const job = row.standing === "known" ? row.job : null;
  const details = useJobDetails(api, id, job, lines, isStale);
  const whole = details.whole;
  const serverNow = useCallback(() => api.clock.now(), [api]);
  const now = useNow(job !== null && !isFinal(job) && !isStale, serverNow);
  const heading = useRef<HTMLHeadingElement>(null);
  const refusal = useRefusal(row);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);

  const isGoing = job !== null && isRunning(job);
  // The bar moves ten times a second; the log is drawn only when it has something new.
  const log = useMemo(
    () => <JobLog id={id} lines={details.lines} total={details.linesTotal} isRunning={isGoing} say={say} />,
    [id, details.lines, details.linesTotal, isGoing, say],
  );

  return (
    <article
      class="job-view"
      aria-label={nameOf(row)}
      data-part="job-view"
      data-job={id}
      data-state={job?.state}
      data-standing={row.standing}
      data-tone={wordingOf(row).tone}
    >
      <JobHead {...props} row={row} heading={heading} args={whole?.args ?? null} now={serverNow} />
      {/* It is there before its text: a region that comes with its text is not always read out. */}
      <p class="failure" role="alert" data-part="refusal">
        {refusal}
      </p>
      {job && whole ? (
        <>
          <JobProgress job={job} name={nameOf(row)} isStale={isStale} isResumed={row.isResumed} now={now} />
          <div class="job-parts">
            <div class="job-main">
              {details.isComplete && <JobOutcome job={whole} api={api} say={say} />}
              {log}
            </div>
            <div class="job-side">
              <JobTimeline moves={details.moves} job={job} now={now} isStale={isStale} />
              <Arguments job={whole} say={say} />
            </div>
          </div>
        </>
      ) : (
        <JobGone row={row} onRunAgain={props.onRunAgain} />
      )}
    </article>
  );
}

function Arguments({ job, say }: { job: Job; say: (text: string) => void }) {
  if (!job.args) return null;
  const isEmpty = Object.keys(job.args).length === 0;
  return (
    <JobPart part="arguments" title="Arguments">
      {isEmpty ? (
        <p class="hint">None were given: the task's defaults count.</p>
      ) : (
        <JobValue value={job.args} what="the arguments" fileName={`${job.id}-arguments`} say={say} />
      )}
    </JobPart>
  );
}

/** The server's words; and of a job that ended while we asked to stop it, that it did. */
function useRefusal(row: Row): string {
  const [isTooLate, setTooLate] = useState(false);
  const asked = useRef(false);
  const state = row.job?.state;
  useEffect(() => {
    if (row.ask) setTooLate(false);
    if (row.ask?.action === "cancel") asked.current = true;
    else if (
      asked.current &&
      (row.ask || state === "SUCCESS" || state === "FAILURE" || state === "REVOKED")
    ) {
      asked.current = false;
      setTooLate(!row.ask && state !== "REVOKED");
    }
  }, [row.ask, state]);
  return refusalText(row) || (isTooLate ? "Not cancelled: it finished before it could be." : "");
}
