// How fast a job is and how long it still takes: said only when it is worth believing, and taken back when it is not.
import { momentMs, tookText } from "./duration";
import { timeLeft } from "./fmt";
import { isRunning, type Job } from "./job";

const MIN_AGE_MS = 5_000;
const MIN_UPDATES = 3;
const MIN_SHARE = 0.03;
/** How far back the pace looks: long enough not to jump, short enough to notice a change. */
const MEMORY_MS = 10_000;
const WORDS_EVERY_MS = 5_000;
const SILENT_GAPS = 3;
const SHORTEST_SILENCE_MS = 10_000;
/** Before its usual gap is known a job may be silent for three times this. */
const UNKNOWN_GAP_MS = 10_000;

export type Pace = { rate: string; left: string; silence: string };

export type Estimate = {
  /** Takes in the document that came; `ageMs` is how old its last change was then. */
  note(job: Job, at: number, ageMs?: number): void;
  /** The words for now. They change at most every five seconds, except to say nothing any more. */
  words(now: number): Pace;
};

type Update = { at: number; current: number };

/** Follows one job, attempt by attempt. All times are by one clock, in ms. */
export function newEstimate(): Estimate {
  let job: Job | null = null;
  let first: Update | null = null;
  let last: Update | null = null;
  let updates = 0;
  let perMs: number | null = null;
  let gapMs: number | null = null;
  let heardAt = 0;
  let said = paceOf();
  let saidAt = 0;

  function note(after: Job, at: number, ageMs = 0): void {
    const before = job;
    job = after;
    if (before?.started_at !== after.started_at || !before) {
      first = last = perMs = gapMs = null;
      updates = 0;
      heardAt = at - ageMs;
      said = paceOf();
    } else if (after.version !== before.version) {
      gapMs = blend(gapMs, at - heardAt, at - heardAt);
      heardAt = at;
    }
    if (isRunning(after) && after.current !== null) measure({ at, current: after.current });
  }

  function measure(update: Update): void {
    const passed = last ? update.at - last.at : 0;
    const done = last ? update.current - last.current : 0;
    // Words alone are no pace, and two updates in one moment say nothing about it.
    if (last && (done <= 0 || passed < 1)) return;
    if (last) perMs = blend(perMs, done / passed, passed);
    first ??= update;
    last = update;
    updates += 1;
  }

  function words(now: number): Pace {
    if (!job || !isRunning(job) || job.cancel_requested_at) return paceOf();
    const silentMs = now - heardAt;
    if (silentMs >= Math.max(SHORTEST_SILENCE_MS, SILENT_GAPS * (gapMs ?? UNKNOWN_GAP_MS))) {
      said = paceOf();
      return paceOf("", "", `No update for ${tookText(Math.floor(silentMs / 1_000) * 1_000)}`);
    }
    const isFresh = now - saidAt < WORDS_EVERY_MS;
    if (isFresh && (said.left || said.rate)) return said;
    saidAt = now;
    const own = ownPace(job);
    said = paceOf(own ? rateText(own * 1_000) : "", timeLeft(leftSeconds(job, own, now)));
    return said;
  }

  /** In units a millisecond, once it is worth believing. */
  function ownPace({ total }: Job): number | null {
    if (!first || !last || updates < MIN_UPDATES || last.at - first.at < MIN_AGE_MS) return null;
    return !total || last.current - first.current >= MIN_SHARE * total ? perMs : null;
  }

  /** Ours notices a change of pace at once, the server's knows the whole attempt: together they are steady. */
  function leftSeconds({ total, ...document }: Job, own: number | null, now: number): number | null {
    const passed = (now - heardAt) / 1_000;
    const ours = total && own && last ? (total - last.current) / own / 1_000 - (now - last.at) / 1_000 : null;
    const theirs = isServerSure(document) ? (document.eta_seconds ?? 0) - passed : null;
    if (ours === null && theirs === null) return null;
    return Math.max(0, ((ours ?? theirs ?? 0) + (theirs ?? ours ?? 0)) / 2);
  }

  return { note, words };
}

/** It asks for 3 s and 3 % by itself. A version counts a write, and two of them begin an attempt. */
function isServerSure(job: Pick<Job, "eta_seconds" | "version" | "updated_at" | "started_at">): boolean {
  const ranMs = momentMs(job.updated_at) - momentMs(job.started_at);
  return job.eta_seconds !== null && job.version >= MIN_UPDATES + 2 && ranMs >= MIN_AGE_MS;
}

function paceOf(rate = "", left = "", silence = ""): Pace {
  return { rate, left, silence };
}

/** "2.1/s", "12/min", "3/h": the unit in which the number is at least one. */
export function rateText(perSecond: number): string {
  if (!Number.isFinite(perSecond) || perSecond <= 0) return "";
  const [number, unit] =
    perSecond >= 1
      ? [perSecond, "s"]
      : perSecond * 60 >= 1
        ? [perSecond * 60, "min"]
        : [perSecond * 3_600, "h"];
  return `${number.toLocaleString("en", { maximumSignificantDigits: number >= 100 ? 3 : 2 })}/${unit}`;
}

/** A moving average whose memory is a time, not a number of updates: those come at any pace. */
function blend(before: number | null, value: number, passedMs: number): number {
  if (before === null) return value;
  return before + (1 - Math.exp(-passedMs / MEMORY_MS)) * (value - before);
}
