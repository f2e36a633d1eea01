// What the page says about all jobs together: numbers, and a sentence for those who do not see a chart.
import { count, plural } from "./fmt";
import type { Lately, Present, Series, Throughput } from "./rates";
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

export function throughputSentence({ done, failed }: Throughput): string {
  const known = done.filter((each) => each !== null).length;
  if (known === 0) return "Jobs finished per second: nothing is known yet.";
  const over =
    known < done.length ? `${plural(known, "known second")} of the last minute` : "last 60 seconds";
  const counted = `${count(sumOf(done))} done, ${count(sumOf(failed))} failed`;
  return `Jobs finished in the ${over}: ${counted}, at most ${count(mostOf({ done, failed }))} a second.`;
}

/** The height of the chart: the most jobs that ended in one second. */
export function mostOf({ done, failed }: Throughput): number {
  return Math.round(Math.max(...done.map((each, second) => (each ?? 0) + (failed[second] ?? 0))));
}

export function levelSentence(what: string, levels: Series): string {
  const known = levels.filter((level) => level !== null);
  const now = known.at(-1);
  if (now === undefined) return `Jobs ${what}: nothing is known yet.`;
  const [least, most] = [Math.min(...known), Math.max(...known)];
  if (least === most) return `Jobs ${what} in the last minute: ${count(now)} all the time.`;
  return `Jobs ${what} in the last minute: between ${count(least)} and ${count(most)}, ${count(now)} at its end.`;
}

function sumOf(series: Series): number {
  return Math.round(series.reduce<number>((sum, each) => sum + (each ?? 0), 0));
}
