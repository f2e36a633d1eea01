// How the job came to where it stands: one step below the other, each with its time and how it ended.
import { clockText, momentMs, msBetween, tookText } from "../core/duration";
import { moment } from "../core/fmt";
import { isFinal, type Job } from "../core/job";
import { type Move, type Step, spanText, stepsOf } from "../core/timeline";
import { StateIcon } from "../ui/icons";
import { JobPart } from "./JobPart";
import { fullMoment } from "./JobProgress";

type Props = { moves: readonly Move[]; job: Job; now: number; isStale: boolean };

export function JobTimeline({ moves, job, now, isStale }: Props) {
  const steps = stepsOf(moves, job);
  if (steps.length === 0) return null;
  return (
    <JobPart part="timeline" title="Timeline">
      <ol class="job-steps">
        {steps.map((step, index) => (
          <TimelineStep
            key={`${step.at} ${step.title} ${index}`}
            step={step}
            now={now}
            isGoingOn={index === steps.length - 1 && !isFinal(job) && !isStale}
          />
        ))}
      </ol>
    </JobPart>
  );
}

function TimelineStep({ step, now, isGoingOn }: { step: Step; now: number; isGoingOn: boolean }) {
  return (
    <li class="job-step" data-tone={step.tone}>
      <StateIcon tone={step.tone} />
      <div>
        <p class="job-step-head">
          <strong>{step.title}</strong>
          <time dateTime={step.at} title={fullMoment(step.at)}>
            {moment(step.at, now)}
          </time>
        </p>
        <p class="job-step-line">{lineOf(step, now, isGoingOn)}</p>
        {step.detail && <p class="job-step-detail">{step.detail}</p>}
      </div>
    </li>
  );
}

function lineOf(step: Step, now: number, isGoingOn: boolean): string {
  const isOver = step.spentMs !== null;
  const ms = step.spentMs ?? (isGoingOn ? msBetween(step.at, now) : null);
  const took = ms === null ? "" : isOver ? tookText(ms) : clockText(ms);
  const span = took && spanText(step.span, took, isOver);
  const left = isGoingOn && step.until ? momentMs(step.until) - now : 0;
  const worker = step.worker && `on ${step.worker}`;
  const until = left > 0 ? `goes on in ${clockText(left + 999)}` : "";
  return [[step.ending, span].filter(Boolean).join(" "), until, worker].filter(Boolean).join(" · ");
}
