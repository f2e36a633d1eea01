// How the job ended: what came out of it, or in plain words why nothing did.
import { useState } from "preact/hooks";
import type { Api } from "../core/api";
import { endingOf, errorText } from "../core/ending";
import { isFinal, type Job } from "../core/job";
import { problemText, slugOf } from "../core/problem";
import { reasonOf } from "../core/wording";
import { CopyButton } from "./JobButtons";
import { JobPart } from "./JobPart";
import { JobValue, Linked } from "./JobValue";

type Props = { job: Job; api: Api; say: (text: string) => void };

export function JobOutcome({ job, api, say }: Props) {
  const isRefused =
    job.state === "FAILURE" || job.state === "REVOKED" || (job.state === "RETRY" && job.error);
  return (
    <>
      {isRefused && <Failure job={job} say={say} />}
      {(job.state === "SUCCESS" || (isFinal(job) && job.result != null)) && (
        <Result job={job} api={api} say={say} />
      )}
    </>
  );
}

function Failure({ job, say }: Omit<Props, "api">) {
  const { title, text } = reasonOf(job);
  const { who, advice, trace } = endingOf(job);
  const { exception } = job.error ?? {};
  return (
    <JobPart part="error" class="job-failure" title={headingOf(job, title)}>
      {text && (
        <p class="job-text">
          {exception && <code>{exception}</code>}
          {exception && ": "}
          <Linked text={text} />
        </p>
      )}
      <p class="job-advice">{[who, advice, trace].filter(Boolean).join(" ")}</p>
      <p class="job-tools">
        <CopyButton text={() => errorText(job)} what="error" say={say}>
          Copy error
        </CopyButton>
      </p>
    </JobPart>
  );
}

function headingOf(job: Job, title: string): string {
  if (job.state === "RETRY") return `Attempt ${job.attempt} did not work`;
  if (job.state === "REVOKED") return title || "Cancelled";
  return job.attempt > 1 ? `${title || "Failed"}, after ${job.attempt} attempts` : title || "Failed";
}

function Result({ job, api, say }: Props) {
  const [fetched, setFetched] = useState<{ value: unknown } | null>(null);
  const [trouble, setTrouble] = useState("");
  const [isLoading, setLoading] = useState(false);
  const value = fetched ? fetched.value : job.result;
  // Absent means that there is none; null may stand for one too long for the document.
  const isElsewhere = job.result === null && !fetched;

  const load = async () => {
    if (isLoading) return;
    setLoading(true);
    const answer = await api.result(job.id);
    setLoading(false);
    if (answer.ok) return setFetched({ value: answer.value });
    if (slugOf(answer.problem) === "no-result") return setFetched({ value: null });
    setTrouble(problemText(answer.problem));
  };
  return (
    <JobPart part="result" title="Result">
      {isElsewhere && (
        <p class="job-tools">
          <button type="button" class="small" aria-disabled={isLoading} onClick={load}>
            {isLoading ? "Loading…" : "Load the result"}
          </button>
          <span class="hint">It is too long to come by itself.</span>
        </p>
      )}
      <p class="failure" role="alert">
        {trouble && !fetched ? `The result could not be loaded. ${trouble}` : ""}
      </p>
      {value != null && <JobValue value={value} what="the result" fileName={`${job.id}-result`} say={say} />}
      {value == null && !isElsewhere && <p class="hint">The task returned nothing.</p>}
    </JobPart>
  );
}
