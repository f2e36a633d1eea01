// The head of the job view: which job this is, how it stands, and what can be asked of it.
import type { RefObject } from "preact";
import type { Api } from "../core/api";
import { curlOf } from "../core/curl";
import { shortId } from "../core/fmt";
import { type Job, mayAsk } from "../core/job";
import { isAsking, type Row } from "../core/store";
import { wordingOf } from "../core/wording";
import { FleetingButton } from "../ui/FleetingButton";
import { StateIcon } from "../ui/icons";
import { nameOf, titleOf } from "../ui/names";
import { CopyButton } from "./JobButtons";
import { JobCancel } from "./JobCancel";

type Props = {
  row: Row;
  heading: RefObject<HTMLHeadingElement | null>;
  api: Api;
  args: Record<string, unknown> | null;
  now: () => number;
  onAsk: (action: "cancel" | "retry") => void;
  onRunAgain: (task: string, args: Record<string, unknown>) => void;
  onClose: () => void;
  say: (text: string) => void;
};

export function JobHead(props: Props) {
  const { row, heading, say, onClose } = props;
  const { tone, word } = wordingOf(row);
  const id = row.id ?? "";
  return (
    <header class="job-head" tabIndex={-1}>
      <div class="job-title">
        <h2 ref={heading} tabIndex={-1}>
          {titleOf(row)}
        </h2>
        <button
          type="button"
          class="job-close"
          aria-label="Back to the jobs"
          title="Close (Esc)"
          onClick={onClose}
        >
          <span class="job-back">‹ Back</span>
          <span class="job-cross" aria-hidden="true">
            ✕
          </span>
        </button>
      </div>
      <p class="job-state">
        <StateIcon tone={tone} />
        <strong class="state" data-part="state">
          {word}
        </strong>
        <code class="job-id" title={id}>
          {shortId(id)}
        </code>
        <CopyButton text={() => id} what="id of the job" say={say}>
          Copy id
        </CopyButton>
      </p>
      {row.job && row.standing === "known" && <Actions {...props} job={row.job} />}
    </header>
  );
}

function Actions({ row, job, api, args, now, onAsk, onRunAgain, say }: Props & { job: Job }) {
  const isBusy = isAsking(row);
  return (
    <div class="job-actions">
      {mayAsk(job, "cancel") && (
        <JobCancel job={job} name={nameOf(row)} now={now} isBusy={isBusy} onCancel={() => onAsk("cancel")} />
      )}
      {mayAsk(job, "retry") && (
        <FleetingButton class="small" part="retry" isBusy={isBusy} onClick={() => onAsk("retry")}>
          Retry
        </FleetingButton>
      )}
      {args && (
        <button
          type="button"
          class="small"
          data-part="run-again"
          aria-label="Run again with changed arguments"
          onClick={() => onRunAgain(job.task, args)}
        >
          Run again…
        </button>
      )}
      <span class="job-tools">
        <CopyButton text={() => linkTo(job.id)} what="link to this job" say={say}>
          Copy link
        </CopyButton>
        {args && (
          <CopyButton text={() => curlOf(api.root, job, args)} what="curl commands" say={say}>
            Copy curl
          </CopyButton>
        )}
        <a
          class="job-small"
          href={`${api.root}status/${encodeURIComponent(job.id)}`}
          target="_blank"
          rel="noopener"
        >
          Raw JSON
        </a>
      </span>
    </div>
  );
}

/** Only the job: filters of the list are nobody else's. */
function linkTo(id: string): string {
  return `${location.origin}${location.pathname}?job=${encodeURIComponent(id)}`;
}
