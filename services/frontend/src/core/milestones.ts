// What is worth saying aloud about a job: a start, a quarter, an end; many at once become one sentence.
import { plural } from "./fmt";
import { type Job, percentOf } from "./job";
import type { Row } from "./store";
import { isInterrupted, standingText, type Tone, wordingOf } from "./wording";

export type Milestone = { name: string; tone: Tone; text: string; isMinor: boolean };

/** Compares a row before and after a change. A row's first news after a reload is not a milestone. */
export function milestoneOf(after: Row | null, before: Row | null, name: string): Milestone | null {
  if (!after || !before) return null;
  const { tone, word } = wordingOf(after);
  if (before.standing === "submitting" && after.standing === "loading") {
    return { name, tone: "running", text: "accepted", isMinor: true };
  }
  if (after.standing !== before.standing && ["refused", "missing", "expired"].includes(after.standing)) {
    return { name, tone, text: standingText(after), isMinor: false };
  }
  if (!after.job || !before.job) return null;
  if (tone !== wordingOf(before).tone) {
    const isMinor = ["running", "waiting", "cancelling"].includes(tone);
    return { name, tone, text: toldOf(after.job, word), isMinor };
  }
  const [now, then] = [percentOf(after.job) ?? 0, percentOf(before.job) ?? 0];
  if (tone === "running" && Math.floor(now / 25) > Math.floor(then / 25)) {
    return { name, tone, text: `${Math.floor(now / 25) * 25}%`, isMinor: true };
  }
  return null;
}

/** In running text a word has no capital and no dots; an interruption is told in the server's words. */
function toldOf(job: Job, word: string): string {
  return isInterrupted(job) ? job.status : word.toLowerCase().replace("…", "");
}

/** One sentence for all that happened since the last one. */
export function announcementOf(milestones: readonly Milestone[]): string {
  const major = milestones.filter((milestone) => !milestone.isMinor);
  const told = major.length > 0 ? major : milestones;
  const last = told.at(-1);
  if (!last) return "";
  if (told.length <= 2)
    return told
      .map(({ name, text }) => `${name}: ${text}.`)
      .join(" ")
      .replace("..", ".");
  if (major.length === 0) return `${plural(told.length, "job")} under way.`;
  const counts = new Map<string, number>();
  for (const { tone } of major) counts.set(tone, (counts.get(tone) ?? 0) + 1);
  return `${[...counts].map(([tone, number]) => `${plural(number, "job")} ${tone}`).join(", ")}.`;
}
