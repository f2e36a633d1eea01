// What the page says about all jobs together: numbers, and a sentence for those who do not see a chart.
import { count, plural } from "./fmt";
import { type Lately, mostOf, type Present, type Series, type Throughput } from "./rates";
import type { QueueFigures } from "./stats";

export const NO_WORKER = "No worker serves this queue";
export const UNKNOWN = "–";

/** Short and coarse: "12 s", "3 min", "2 h", "4 days". */
export function ageText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3_600) return `${Math.floor(seconds / 3_600)} h`;
  return plural(Math.floor(seconds / 86_400), "day");
}

/** One digit after the point where that says something: 0.2 and 12.4, but 140. */
export function rateText(lately: Lately | null): string {
  if (!lately) return UNKNOWN;
  const rate = lately.done / lately.seconds;
  return count(rate < 100 ? Math.round(rate * 10) / 10 : Math.round(rate));
}

export function failedText(lately: Lately | null): { number: string; when: string } {
  if (!lately) return { number: UNKNOWN, when: "failed" };
  const seconds = Math.round(lately.seconds);
  const when = seconds >= 59 ? "minute" : `${seconds} s`;
  return { number: count(lately.failed), when: `failed, last ${when}` };
}

export function oldestText({ oldestMs }: Present): string {
  return oldestMs === null ? "nobody waits" : `oldest waits ${ageText(oldestMs)}`;
}

export function workersText({ workers, isAtLeast }: Pick<Present, "workers" | "isAtLeast">): string {
  if (workers === 0) return "no worker";
  return `${isAtLeast ? "at least " : ""}${plural(workers, "worker")}`;
}

/** Slots are not spoken of where there are none: the missing worker is the news. */
export function queueText({ queued, running, slots, workers }: QueueFigures): string {
  const isServed = workers > 0;
  const work = isServed
    ? `${count(running)} of ${plural(slots, "slot")}`
    : running > 0 && `${count(running)} running`;
  const by = isServed && workersText({ workers, isAtLeast: false });
  return [`${count(queued)} waiting`, work, by].filter(Boolean).join(" · ");
}

export function throughputSentence(throughput: Throughput): string {
  const { done, failed } = throughput;
  const unknown = done.filter((each) => each === null).length;
  const most = `at most ${count(Math.round(mostOf(throughput)))} a second`;
  const gaps = unknown > 0 ? ` Nothing is known of ${plural(unknown, "second")}.` : "";
  return `Jobs that ended in the last minute: ${count(sumOf(done))} done, ${count(sumOf(failed))} failed, ${most}.${gaps}`;
}

export function levelSentence(what: string, levels: Series): string {
  const known = levels.filter((level) => level !== null);
  const now = known.at(-1);
  if (now === undefined) return `Jobs ${what}: nothing is known yet.`;
  return `Jobs ${what}: ${count(now)}; in the last minute ${count(Math.min(...known))} to ${count(Math.max(...known))}.`;
}

function sumOf(series: Series): number {
  return Math.round(series.reduce<number>((sum, each) => sum + (each ?? 0), 0));
}
