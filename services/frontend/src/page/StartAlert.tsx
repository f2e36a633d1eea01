// Why no job was started: what has to be mended, with a way to each field, or what to try again and when.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Errors } from "../core/form";
import { type Problem, problemText } from "../core/problem";
import { focusOn } from "./start-places";

type SummaryProps = {
  errors: Errors;
  others: readonly string[];
  round: number;
  nameOf: (id: string) => string;
};

/** Gets the focus each time there is a new refusal, so that it is read out and its links are next. */
export function StartSummary({ errors, others, round, nameOf }: SummaryProps) {
  const box = useRef<HTMLElement>(null);
  const ids = Object.keys(errors);
  useLayoutEffect(() => {
    if (round > 0) box.current?.focus();
  }, [round]);
  if (ids.length + others.length === 0) return null;
  return (
    <section
      class="start-alert"
      ref={box}
      tabIndex={-1}
      aria-labelledby="start-summary"
      data-part="start-summary"
    >
      <p id="start-summary">Not started. Please mend:</p>
      <ul>
        {ids.map((id) => (
          <li key={id}>
            <a
              href={`#${encodeURIComponent(id)}`}
              onClick={(event) => {
                event.preventDefault(); // The address of the page is not the form's.
                focusOn(id);
              }}
            >
              {nameOf(id)}
            </a>
            {`: ${errors[id]}`}
          </li>
        ))}
        {others.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </section>
  );
}

type ProblemProps = { title: string; problem: Problem | null; isSending: boolean; onAgain: () => void };

export function StartProblem({ title, problem, isSending, onAgain }: ProblemProps) {
  const seconds = useCountdown(problem);
  return (
    <div class={problem ? "start-alert" : "unseen"} data-part="start-problem">
      {/* It stays when its text goes: a region that comes with its text is not always read out. */}
      <p role="alert">{problem ? `${title} ${problemText(problem)}` : ""}</p>
      {problem && (
        <button
          type="button"
          class="small"
          aria-disabled={isSending || seconds > 0 || undefined}
          onClick={() => seconds === 0 && onAgain()}
        >
          {seconds > 0 ? `Try again in ${seconds} s` : "Try again"}
        </button>
      )}
    </div>
  );
}

/** The seconds that the server asked to wait; outside the alert, because each one would be read out. */
function useCountdown(problem: Problem | null): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const end = Date.now() + (problem?.retryAfterSeconds ?? 0) * 1_000;
    const count = () => setSeconds(Math.max(0, Math.ceil((end - Date.now()) / 1_000)));
    count();
    const timer = setInterval(() => {
      count();
      if (Date.now() >= end) clearInterval(timer);
    }, 1_000);
    return () => clearInterval(timer);
  }, [problem]);
  return seconds;
}
