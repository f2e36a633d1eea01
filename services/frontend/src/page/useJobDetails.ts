// What the job view asks for by itself: the moves, the log, and the whole document where a list gave a short one.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Answer, Api } from "../core/api";
import type { Job } from "../core/job";
import { mergedLog } from "../core/log";
import type { LogLine } from "../core/store";
import type { Move } from "../core/timeline";

export type JobDetails = {
  /** None before the answer came, and of a job that is older than the stories. */
  moves: readonly Move[];
  lines: readonly LogLine[];
  /** More than there are lines when the oldest are gone. */
  linesTotal: number;
  /** The document with everything the server puts into one. */
  whole: Job | null;
  /** False while the arguments or the result are still to come. */
  isComplete: boolean;
};

export function useJobDetails(
  api: Api,
  id: string,
  job: Job | null,
  streamed: readonly LogLine[],
  isStale: boolean,
): JobDetails {
  // A job's news says when to ask again; while the connection is lost asking would only fail too.
  const when = [id, job?.state, job?.attempt, isStale];
  const moves = useAnswer(() => api.timeline(id), when, !isStale);
  const log = useLog(api, id, when, !isStale);
  const isShort = job !== null && (job.args == null || (job.state === "SUCCESS" && job.result == null));
  const fetched = useAnswer(() => api.status(id, null), when, isShort && !isStale);
  const full = fetched?.ok && fetched.value.kind === "job" ? fetched.value.job : null;
  const isNewer = full !== null && job !== null && full.version >= job.version;
  const lines = useMemo(() => mergedLog(log.lines, streamed), [log.lines, streamed]);
  return {
    moves: moves?.ok ? moves.value : [],
    lines,
    linesTotal: Math.max(log.total, lines.length),
    whole: isNewer ? full : job && { ...job, args: job.args ?? full?.args ?? null },
    isComplete: !isShort || isStale || isNewer || fetched?.ok === false,
  };
}

/** The last answer that came, null before; one that was overtaken by the next question counts for nothing. */
function useAnswer<Value>(
  asked: () => Promise<Answer<Value>>,
  when: unknown[],
  isWanted: boolean,
): Answer<Value> | null {
  const [answer, setAnswer] = useState<Answer<Value> | null>(null);
  useEffect(() => {
    if (!isWanted) return;
    let isCurrent = true;
    asked().then((came) => {
      if (isCurrent) setAnswer((before) => (came.ok || !before ? came : before));
    });
    return () => {
      isCurrent = false;
    };
    // `asked` is made anew with each drawing; `when` says when its answer may be another.
  }, [...when, isWanted]);
  return answer;
}

/** Asks only for what is behind the last line that it was given: the stream may have left out some. */
function useLog(api: Api, id: string, when: unknown[], isWanted: boolean) {
  const [log, setLog] = useState<{ lines: readonly LogLine[]; total: number }>({ lines: [], total: 0 });
  const after = log.lines.at(-1)?.line ?? null;
  const news = useAnswer(() => api.log(id, after), when, isWanted);
  useEffect(() => {
    if (!news?.ok) return;
    const { lines, total } = news.value;
    setLog((before) => ({ lines: mergedLog(before.lines, lines), total }));
  }, [news]);
  return log;
}
