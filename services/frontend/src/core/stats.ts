// The figures of all jobs as `/stats` tells them, and the last two minutes of them.

/** Enough for a chart of a minute and for what is compared with the minute before. */
const MOST = 120;
/** A document that is later than this was not sent, because nothing changed. */
const QUIET_MS = 1_500;
/** After a reconnect another replica may tell an older second again; an older time than that is another clock. */
const LATE_MS = 5_000;

export type Outcome = "succeeded" | "failed" | "timed_out" | "lost" | "cancelled" | "expired";
export type Finished = Record<Outcome, number>;
export type QueueFigures = {
  queue: string;
  queued: number;
  oldest_at: string | null;
  running: number;
  workers: number;
  slots: number;
};
export type TaskFigures = {
  task: string;
  queue: string;
  running: number;
  submitted: number;
  finished: Finished;
};
export type Stats = {
  at: string;
  totals: Record<string, number>;
  submitted: number;
  started: number;
  retried: number;
  restarted: number;
  finished: Finished;
  scheduled: number;
  queues: QueueFigures[];
  tasks: TaskFigures[];
};
/** Its `at` in milliseconds by the server's clock. */
export type Sample = Omit<Stats, "at"> & { at: number };

export function sampleOf(stats: Stats): Sample {
  return { ...stats, at: Date.parse(stats.at) };
}

/** Out of an event or an answer; null for what is no such document. */
export function readSample(data: string): Sample | null {
  try {
    const stats = JSON.parse(data) as Stats;
    return typeof stats.totals === "object" && stats.totals ? sampleOf(stats) : null;
  } catch {
    return null; // One broken event must not end the stream.
  }
}

/** About one sample a second. The server sends nothing while nothing changes, and that is known too. */
export class Samples {
  private kept: Sample[] = [];
  /** Up to here it was said by the server; what comes after it is assumed. */
  private heardUntil = Number.NEGATIVE_INFINITY;
  /** When the last one was added, by the clock of this machine. */
  private addedAt = 0;

  hear(sample: Sample, now = Date.now()): readonly Sample[] {
    if (sample.at <= this.heardUntil && this.heardUntil - sample.at < LATE_MS) return this.kept;
    // What was only assumed gives way to what is known.
    const known = this.kept.filter((each) => each.at < sample.at || each.at <= this.heardUntil);
    this.heardUntil = sample.at;
    return this.keep([...known, sample], now);
  }

  /** To be called each second, but only while the stream is alive: a lost connection makes a gap. */
  repeat(now = Date.now()): readonly Sample[] {
    const last = this.kept.at(-1);
    if (!last || now - this.addedAt < QUIET_MS) return this.kept;
    return this.keep([...this.kept, { ...last, at: last.at + now - this.addedAt }], now);
  }

  private keep(samples: Sample[], now: number): readonly Sample[] {
    this.kept = samples.slice(-MOST);
    this.addedAt = now;
    return this.kept;
  }
}
