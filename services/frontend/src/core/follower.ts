// Keeps every unfinished job of the page up to date: one stream for all, polling when there is no stream.
//
// It is told three things - the store changed, the tab was hidden or shown, the network came or went - and
// after each it decides afresh what should be open. There is never more than one stream.
import type { Api } from "./api";
import { backoffMs } from "./backoff";
import type { Connection } from "./connection";
import { applyEvent } from "./job-events";
import { POLL_EVERY_MS, Poller } from "./poller";
import { isUnfinished, type JobStore, type Row } from "./store";
import { readStream, type StreamEnd } from "./stream";

/** The server's limit for one stream; the newest jobs get it, the rest is polled. */
export const MOST_STREAMED = 100;
/** Fifty fast clicks are one new stream, and a click every 100 ms still gets one each second. */
const SETTLE_MS = 150;
const SETTLE_AT_MOST_MS = 1_000;
/** As long as this many polled jobs do not fit the stream's old set, promoting them is not worth a new stream. */
const WORTH_REOPENING = 10;
const FAILURES_BEFORE_POLLING = 3;
/** Long enough for a glance at another tab; short enough that seven tabs opened one after the other all get one. */
const HIDDEN_MS = 5_000;

type Timer = ReturnType<typeof setTimeout>;
type OpenStream = {
  asked: readonly string[];
  /** The jobs it still has news of: the server says nothing more of one that has ended, even if it is retried. */
  ids: Set<string>;
  overflow: ReadonlySet<string>;
  abort: AbortController;
};

export class Follower {
  private connection: Connection = { kind: "ready" };
  private stream: OpenStream | null = null;
  private resumeFrom = { url: "", lastEventId: "", ids: new Set<string>() };
  private failures = 0;
  private isPolling = false;
  private isAskingStats = false;
  private isSuspended = false;
  private isOnline = true;
  private firstWaitMs = 2_000;
  private heardAt: number | null = null;
  private nextTryAt = 0;
  private wantedSince: number | null = null;
  private settleTimer: Timer | null = null;
  private retryTimer: Timer | null = null;
  private hiddenTimer: Timer | null = null;
  private readonly poller: Poller;

  constructor(
    private readonly api: Api,
    private readonly store: JobStore,
    private readonly onConnection: (connection: Connection) => void,
    private readonly random: () => number = Math.random,
    /** Hears the figures of all jobs, once a second. Then there is always something to follow. */
    private readonly onStats: ((data: string) => void) | null = null,
  ) {
    this.poller = new Poller(api, store, () => this.polledIds(), this.pollRoundEnded);
    store.listen((after, before) => {
      // Most changes are progress, many a second; only a job that came or went can change what is open.
      const [now, then] = [followedId(after), followedId(before)];
      if (now === then) return;
      if (then) this.resumeFrom.ids.delete(then);
      this.reconsider();
    });
  }

  /** The person does not want to wait. */
  retryNow(): void {
    this.failures = 0;
    this.cancelRetry();
    if (this.connection.kind === "refused") this.setConnection({ kind: "connecting" });
    this.open();
  }

  /** `navigator.onLine` is a hint only: a page served by this very machine works without a network. */
  setOnline(isOnline: boolean): void {
    this.isOnline = isOnline;
    if (this.isIdle() || this.isSuspended) return;
    this.retryNow();
  }

  /** A hidden tab gives its connection back: HTTP/1.1 has six for all tabs of a server. */
  setHidden(isHidden: boolean): void {
    if (this.hiddenTimer) clearTimeout(this.hiddenTimer);
    this.hiddenTimer = isHidden ? setTimeout(() => this.suspend(), HIDDEN_MS) : null;
    if (!isHidden && this.isSuspended) {
      this.isSuspended = false;
      this.failures = 0;
      this.setConnection({ kind: this.isIdle() ? "ready" : "connecting" });
      this.open();
    }
  }

  /** Lets go of everything now; `setHidden(false)` takes it up again. */
  suspend(): void {
    this.isSuspended = true;
    this.letGo();
    if (!this.isIdle()) this.setConnection({ kind: "paused" });
  }

  /** Others are to be followed than before: it is told when only the store's choice has changed, and not its jobs. */
  reconsider(): void {
    if (this.isSuspended || this.connection.kind === "refused") return;
    if (this.isIdle()) {
      this.letGo();
      this.failures = 0;
      this.setConnection({ kind: "ready" });
      return;
    }
    if (this.polledIds().length > 0) this.poller.start();
    // While waiting for the next try there is nothing to reopen: that try takes the jobs of its own time.
    if (this.retryTimer === null && this.needsNewStream()) this.settleThenOpen();
  }

  private needsNewStream(): boolean {
    const { stream } = this;
    if (!stream) return true;
    const isLeft = (id: string) => !stream.ids.has(id);
    if (this.store.unfinishedIds().some((id) => isLeft(id) && !stream.overflow.has(id))) return true;
    const isServing = stream.ids.size > 0 || this.onStats !== null;
    return this.wantedIds().filter(isLeft).length >= (isServing ? WORTH_REOPENING : 1);
  }

  private settleThenOpen(): void {
    const now = Date.now();
    this.wantedSince ??= now;
    if (this.settleTimer) clearTimeout(this.settleTimer);
    const wait = Math.min(SETTLE_MS, Math.max(0, this.wantedSince + SETTLE_AT_MOST_MS - now));
    this.settleTimer = setTimeout(() => this.open(), wait);
    if (this.connection.kind === "ready") this.setConnection({ kind: "connecting" });
  }

  private open(): void {
    this.closeStream();
    const ids = this.wantedIds();
    if (this.isIdle() || this.isSuspended) return;

    const overflow = new Set(this.store.unfinishedIds().slice(MOST_STREAMED));
    const stream: OpenStream = { asked: ids, ids: new Set(ids), overflow, abort: new AbortController() };
    this.stream = stream;
    if (overflow.size > 0) this.poller.start();
    const asked = [...(this.onStats ? ["stats=1"] : []), ...ids.map((id) => `id=${encodeURIComponent(id)}`)];
    const url = `${this.api.root}status/events?${asked.join("&")}`;
    // An id of a stream over other jobs, or one that told the end of a job that runs again, would hide their news.
    const isSame = this.resumeFrom.url === url && ids.every((id) => this.resumeFrom.ids.has(id));
    this.resumeFrom = { url, lastEventId: isSame ? this.resumeFrom.lastEventId : "", ids: stream.ids };

    readStream({
      url,
      lastEventId: this.resumeFrom.lastEventId,
      signal: stream.abort.signal,
      fetch: this.api.fetch,
      onBytes: () => this.heard(),
      onRetry: (ms) => {
        this.firstWaitMs = ms;
      },
      onEvent: (event) => {
        if (event.lastEventId) this.resumeFrom.lastEventId = event.lastEventId;
        if (event.type === "stats") return this.onStats?.(event.data);
        const missed = applyEvent(this.store, event);
        if (missed) void this.askAfterEnd(stream, missed);
      },
    }).then((end) => {
      if (this.stream === stream) this.streamEnded(stream, end);
    });
  }

  /** The stream told the end of a job that runs on for us: its last change was missed, or it was retried since. */
  private async askAfterEnd(stream: OpenStream, id: string): Promise<void> {
    stream.ids.delete(id);
    await this.poller.ask(id);
    if (this.stream !== stream || !this.store.isUnfinished(id)) return;
    // With a pause, as after a failure: the server may say the same again.
    this.closeStream();
    this.streamEnded(stream, { kind: "closed" });
  }

  private heard(): void {
    this.failures = 0;
    this.heardAt = Date.now();
    this.isPolling = false;
    if (!this.isIdle()) this.setConnection({ kind: "live" });
  }

  private streamEnded(stream: OpenStream, end: StreamEnd): void {
    this.stream = null;
    if (end.kind === "aborted" || this.isIdle()) return;
    if (end.kind === "failed" && (end.status === 401 || end.status === 403)) {
      this.letGo();
      this.setConnection({ kind: "refused", heardAt: this.heardAt });
      return;
    }
    // The server closes when all jobs it was asked about have ended; then the rest may follow at once.
    const isServed = !this.onStats && !stream.asked.some((id) => this.store.isUnfinished(id));
    if (end.kind === "closed" && isServed) {
      this.settleThenOpen();
      return;
    }
    this.failures += 1;
    if (end.kind === "held-back" || this.failures >= FAILURES_BEFORE_POLLING) this.startPolling();
    this.retryLater(end.kind === "failed" ? (end.retryAfterSeconds ?? 0) * 1000 : 0);
  }

  private retryLater(atLeastMs: number): void {
    const wait = Math.max(atLeastMs, backoffMs(this.failures, this.firstWaitMs, this.random));
    this.cancelRetry();
    this.retryTimer = setTimeout(() => {
      this.retryTimer = null;
      this.open();
    }, wait);
    this.nextTryAt = Date.now() + wait;
    if (this.connection.kind !== "polling") this.setLost();
  }

  private startPolling(): void {
    this.isPolling = true;
    this.poller.start();
    if (this.onStats) void this.pollStats();
  }

  /** One question after the other, for as long as there is no stream. */
  private async pollStats(): Promise<void> {
    if (this.isAskingStats) return;
    // Set through the pauses too: each failed try of a stream comes here, and must not begin another round.
    this.isAskingStats = true;
    while (this.isPolling && !this.isSuspended) {
      const answer = await this.api.stats();
      if (answer.ok) this.onStats?.(answer.value);
      this.pollRoundEnded(answer.ok);
      await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
    }
    this.isAskingStats = false;
  }

  private pollRoundEnded = (someAnswered: boolean): void => {
    if (!this.isPolling || this.isIdle()) return;
    if (someAnswered) {
      this.heardAt = Date.now();
      this.setConnection({ kind: "polling" });
    } else {
      this.setLost();
    }
  };

  private setLost(): void {
    const { heardAt, nextTryAt: retryAt } = this;
    this.setConnection(
      this.isOnline ? { kind: "reconnecting", retryAt, heardAt } : { kind: "offline", heardAt },
    );
  }

  private wantedIds(): string[] {
    return this.store.unfinishedIds().slice(0, MOST_STREAMED);
  }

  private polledIds(): string[] {
    if (this.isSuspended || this.connection.kind === "refused") return [];
    const unfinished = this.store.unfinishedIds();
    if (this.isPolling) return unfinished;
    return this.stream ? unfinished.filter((id) => this.stream?.overflow.has(id)) : [];
  }

  /** Nobody wants to know anything. */
  private isIdle(): boolean {
    return this.onStats === null && this.store.unfinishedIds().length === 0;
  }

  private letGo(): void {
    this.closeStream();
    this.cancelRetry();
    this.poller.stop();
    this.isPolling = false;
  }

  private closeStream(): void {
    if (this.settleTimer) clearTimeout(this.settleTimer);
    this.settleTimer = null;
    this.wantedSince = null;
    const { stream } = this;
    this.stream = null;
    stream?.abort.abort();
  }

  private cancelRetry(): void {
    if (this.retryTimer) clearTimeout(this.retryTimer);
    this.retryTimer = null;
  }

  private setConnection(connection: Connection): void {
    if (JSON.stringify(connection) === JSON.stringify(this.connection)) return;
    this.connection = connection;
    this.onConnection(connection);
  }
}

function followedId(row: Row | null): string | null {
  return row && isUnfinished(row) ? row.id : null;
}
