// How fast a job is and how long it still takes: said only when it is worth believing, and taken back when it is not.
import { tookText } from "./duration";
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
/** Before its usual gap is known a job may be silent for so long. */
const UNKNOWN_GAP_MS = 10_000;

export type Pace = { rate: string; left: string; silence: string };
const NOTHING: Pace = { rate: "", left: "", silence: "" };

type Update = { at: number; current: number };

/** Follows one job, attempt by attempt. All times are this page's own, in ms. */
export class Estimate {
  private job: Job | null = null;
  private first: Update | null = null;
  private last: Update | null = null;
  private updates = 0;
  private perMs: number | null = null;
  private gapMs: number | null = null;
  private heardAt = 0;
  private said: Pace = NOTHING;
  private saidAt = Number.NEGATIVE_INFINITY;

  /** Takes in the document that came; `ageMs` is how old its last change was by the server's clock. */
  note(job: Job, at: number, ageMs = 0): void {
    const before = this.job;
    this.job = job;
    if (!before || before.id !== job.id || before.started_at !== job.started_at) this.begin(at - ageMs);
    else if (job.version !== before.version)
      this.gapMs = blend(this.gapMs, at - this.heardAt, at - this.heardAt);
    if (job.version !== before?.version && before) this.heardAt = at;
    if (isRunning(job) && job.current !== null) this.measure({ at, current: job.current });
  }

  /** The words for now. They change at most every five seconds, except to say nothing any more. */
  words(now: number): Pace {
    const { job } = this;
    if (!job || !isRunning(job) || job.cancel_requested_at) return this.say(NOTHING, now);
    const silentMs = now - this.heardAt;
    if (silentMs >= this.patienceMs()) {
      this.saidAt = Number.NEGATIVE_INFINITY;
      return { ...NOTHING, silence: `No update for ${tookText(Math.floor(silentMs / 1_000) * 1_000)}` };
    }
    if (now - this.saidAt < WORDS_EVERY_MS && (this.said.left || this.said.rate)) return this.said;
    return this.say({ rate: this.rateText(), left: timeLeft(this.leftSeconds(now)), silence: "" }, now);
  }

  private begin(heardAt: number): void {
    this.first = this.last = this.perMs = this.gapMs = null;
    this.updates = 0;
    this.heardAt = heardAt;
    this.said = NOTHING;
  }

  private measure(update: Update): void {
    const { last } = this;
    if (last && update.current <= last.current) return;
    // Two updates in one moment say nothing about pace.
    if (last && update.at - last.at < 1) return;
    if (last) {
      const passed = update.at - last.at;
      this.perMs = blend(this.perMs, (update.current - last.current) / passed, passed);
    }
    this.first ??= update;
    this.last = update;
    this.updates += 1;
  }

  private patienceMs(): number {
    return Math.max(SHORTEST_SILENCE_MS, SILENT_GAPS * (this.gapMs ?? UNKNOWN_GAP_MS));
  }

  private say(pace: Pace, now: number): Pace {
    this.said = pace;
    this.saidAt = now;
    return pace;
  }

  private isWorthBelieving(): boolean {
    const { first, last, job } = this;
    if (!first || !last || !job || this.updates < MIN_UPDATES || last.at - first.at < MIN_AGE_MS)
      return false;
    return !job.total || last.current - first.current >= MIN_SHARE * job.total;
  }

  private rateText(): string {
    return this.isWorthBelieving() && this.perMs ? rateText(this.perMs * 1_000) : "";
  }

  /** Ours notices a change of pace at once, the server's knows the whole attempt: together they are steady. */
  private leftSeconds(now: number): number | null {
    const estimates = [this.ownSeconds(now), this.serverSeconds(now)].filter((each) => each !== null);
    if (estimates.length === 0) return null;
    return estimates.reduce((sum, each) => sum + each, 0) / estimates.length;
  }

  private ownSeconds(now: number): number | null {
    const { job, last, perMs } = this;
    if (!job?.total || !last || !perMs || !this.isWorthBelieving()) return null;
    return Math.max(0, (job.total - last.current) / perMs - (now - last.at)) / 1_000;
  }

  /** The server asks for 3 s and 3 % of its own; a version counts a write, and two of them begin an attempt. */
  private serverSeconds(now: number): number | null {
    const { job } = this;
    if (job?.eta_seconds == null || job.version < MIN_UPDATES + 2) return null;
    const ranMs = Date.parse(job.updated_at) - Date.parse(job.started_at ?? "");
    if (ranMs < MIN_AGE_MS) return null;
    return Math.max(0, job.eta_seconds - (now - this.heardAt) / 1_000);
  }
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
  const weight = 1 - Math.exp(-passedMs / MEMORY_MS);
  return before + weight * (value - before);
}
