// How a job ended: its result, or the reason why there is none.
import { isScalar, prettyJson, scalarText } from "../core/exact-json";
import { isFinal, type Job } from "../core/job";
import { reasonOf } from "../core/wording";

const LONGEST_OPEN = 400;

export function Outcome({ job }: { job: Job }) {
  if (!isFinal(job) && job.state !== "RETRY") return null;
  return (
    <div class="outcome">
      <Reason job={job} />
      {isFinal(job) && <Result job={job} />}
    </div>
  );
}

/** Why it failed, or why it has to be tried again. */
function Reason({ job }: { job: Job }) {
  const { title, text } = reasonOf(job);
  if (!text && !title) return null;
  return (
    <p class="reason" data-part="error">
      {job.state === "RETRY" && "The last attempt did not work. "}
      {title && <strong>{title}</strong>}
      {title && text && ": "}
      {text}
    </p>
  );
}

/** Where there is no result the state stands in its place, as it did in the seed. */
function Result({ job }: { job: Job }) {
  const { result } = job;
  if (result === undefined || result === null) return <p data-part="result">Result: {job.state}</p>;
  const text = isScalar(result) ? scalarText(result) : prettyJson(result);
  if (isScalar(result) && text.length <= LONGEST_OPEN && !text.includes("\n")) {
    return <p data-part="result">Result: {text}</p>;
  }
  return (
    <details data-part="result" open={text.length <= LONGEST_OPEN}>
      <summary>Result: {kindOf(result)}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>{text}</pre>
    </details>
  );
}

function kindOf(result: unknown): string {
  if (Array.isArray(result)) return `a list of ${result.length}`;
  if (typeof result === "string") return `a text of ${result.length} characters`;
  const names = Object.keys(result as object);
  return names.length <= 4
    ? names.join(", ")
    : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}
