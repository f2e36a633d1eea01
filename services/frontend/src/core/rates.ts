// What samples say over time: jobs finished per second, and how many waited and ran.
import type { Outcome, Sample } from "./stats";

export const SPAN_SECONDS = 60;
/** Between two samples that are further apart nobody knows what happened when. */
const GAP_MS = 2_500;

/** `null` for a second of which nothing is known: a gap, and not a zero. */
export type Series = (number | null)[];
export type Throughput = { done: Series; failed: Series };
export type Levels = { waiting: Series; running: Series };
export type Lately = { done: number; failed: number; seconds: number };
export type Present = {
  waiting: number;
  /** How long the first in line has waited; null while nobody does. */
  oldestMs: number | null;
  running: number;
  /** Null where several queues are served: a worker of two counts in both, so a sum would be too much. */
  slots: number | null;
  workers: number;
  isAtLeast: boolean;
};

/** Only since Redis was last emptied, or its clock set back: a counter that fell begins anew. */
export function unbroken(samples: readonly Sample[]): Sample[] {
  let kept: Sample[] = [];
  for (const sample of samples) {
    const last = kept.at(-1);
    if (last && (sample.at <= last.at || hasFallen(last, sample))) kept = [];
    kept.push(sample);
  }
  return kept;
}

/** Of each of the last sixty full seconds: how many jobs were done and how many failed. */
export function throughputOf(samples: readonly Sample[]): Throughput {
  const begin = beginOf(samples);
  const knownMs = new Array<number>(SPAN_SECONDS).fill(0);
  const done = new Array<number>(SPAN_SECONDS).fill(0);
  const failed = new Array<number>(SPAN_SECONDS).fill(0);
  for (const [before, after] of pairsOf(samples)) {
    const ms = after.at - before.at;
    if (ms > GAP_MS) continue;
    for (let at = before.at; at < after.at; ) {
      // Samples fall into the midst of seconds, so what lies between two of them is shared out.
      const until = Math.min(after.at, Math.floor(at / 1_000) * 1_000 + 1_000);
      const second = Math.floor((at - begin) / 1_000);
      const share = (until - at) / ms;
      add(knownMs, second, until - at);
      add(done, second, (doneOf(after) - doneOf(before)) * share);
      add(failed, second, (failedOf(after) - failedOf(before)) * share);
      at = until;
    }
  }
  const perSecond = (counts: number[]) =>
    counts.map((count, second) => {
      const known = knownMs[second] ?? 0;
      return known < 500 ? null : (count * 1_000) / known;
    });
  return { done: perSecond(done), failed: perSecond(failed) };
}

/** The most jobs that ended in one second. */
export function mostOf({ done, failed }: Throughput): number {
  return Math.max(...done.map((each, second) => (each ?? 0) + (failed[second] ?? 0)));
}

/** How many jobs waited and ran at the end of each of the last sixty seconds. */
export function levelsOf(samples: readonly Sample[]): Levels {
  const begin = beginOf(samples);
  const at = (second: number) => {
    const end = begin + (second + 1) * 1_000;
    const last = samples.filter((sample) => sample.at <= end).at(-1);
    return last && end - last.at <= GAP_MS ? last : null;
  };
  const known = Array.from({ length: SPAN_SECONDS }, (_, second) => at(second));
  return {
    waiting: known.map((sample) => sample && waitingOf(sample)),
    running: known.map((sample) => sample && runningOf(sample)),
  };
}

/** What ended within the last seconds, or within as many as are known: counters are true across a gap too. */
export function finishedWithin(samples: readonly Sample[], seconds: number): Lately | null {
  const last = samples.at(-1);
  const first = last && samples.find((sample) => sample.at >= last.at - seconds * 1_000 - 500);
  if (!first || first === last) return null;
  return {
    done: doneOf(last) - doneOf(first),
    failed: failedOf(last) - failedOf(first),
    seconds: (last.at - first.at) / 1_000,
  };
}

export function presentOf(sample: Sample): Present {
  const served = sample.queues.filter((queue) => queue.workers > 0);
  const isAtLeast = served.length > 1;
  const since = sample.queues.flatMap((queue) => (queue.oldest_at ? [Date.parse(queue.oldest_at)] : []));
  return {
    waiting: waitingOf(sample),
    oldestMs: since.length > 0 ? Math.max(0, sample.at - Math.min(...since)) : null,
    running: runningOf(sample),
    slots: isAtLeast ? null : (served[0]?.slots ?? 0),
    workers: Math.max(0, ...served.map((queue) => queue.workers)),
    isAtLeast,
  };
}

/** Ended without a result although nobody asked for that. Cancelled and expired jobs are neither done nor failed. */
export function failedOf({ finished }: Pick<Sample, "finished">): number {
  return finished.failed + finished.timed_out + finished.lost;
}

function doneOf({ finished }: Sample): number {
  return finished.succeeded;
}

function waitingOf({ queues }: Sample): number {
  return queues.reduce((sum, queue) => sum + queue.queued, 0);
}

function runningOf({ queues }: Sample): number {
  return queues.reduce((sum, queue) => sum + queue.running, 0);
}

/** Seconds begin at full ones of the clock: a bar keeps its shape while it moves to the left. */
function beginOf(samples: readonly Sample[]): number {
  return (Math.floor((samples.at(-1)?.at ?? 0) / 1_000) - SPAN_SECONDS) * 1_000;
}

function pairsOf(samples: readonly Sample[]): [Sample, Sample][] {
  return samples.slice(1).map((sample, index) => [samples[index] as Sample, sample]);
}

function hasFallen(before: Sample, after: Sample): boolean {
  const outcomes = Object.keys(after.finished) as Outcome[];
  const hasLess = outcomes.some((outcome) => after.finished[outcome] < before.finished[outcome]);
  return hasLess || after.submitted < before.submitted || after.started < before.started;
}

function add(to: number[], index: number, amount: number): void {
  if (index >= 0 && index < to.length) to[index] = (to[index] ?? 0) + amount;
}
