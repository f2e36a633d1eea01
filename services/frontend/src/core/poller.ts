// Asks for jobs one by one every two seconds: the way round a path that holds streams back.
import type { Api } from "./api";
import type { Problem } from "./problem";
import type { JobStore } from "./store";

export const POLL_EVERY_MS = 2_000;
const AT_ONCE = 4;

export class Poller {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private etags = new Map<string, string>();
  private isAsking = false;

  /** `ids` says whom to ask about, afresh for each round; `onRound` hears whether anybody answered. */
  constructor(
    private readonly api: Api,
    private readonly store: JobStore,
    private readonly ids: () => readonly string[],
    private readonly onRound: (someAnswered: boolean) => void,
  ) {}

  /** Begins now unless it is under way. It stops by itself when there is nobody to ask about. */
  start(): void {
    if (this.timer === null && !this.isAsking) this.timer = setTimeout(() => this.round(), 0);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** One question out of turn. */
  async ask(id: string): Promise<boolean> {
    const answer = await this.api.status(id, this.etags.get(id) ?? null);
    if (!answer.ok) {
      if (!saysGone(answer.problem)) return false; // It says nothing about the job: the bar stays.
      this.store.markGone(id, answer.problem.status as number, answer.problem);
      return true;
    }
    if (answer.value.kind === "job") {
      if (answer.value.etag) this.etags.set(id, answer.value.etag);
      this.store.putJob(answer.value.job);
    }
    return true;
  }

  private async round(): Promise<void> {
    const waiting = [...this.ids()];
    this.timer = null;
    if (waiting.length === 0) return;
    this.isAsking = true;
    let someAnswered = false;
    const askInTurn = async () => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
        if (await this.ask(id)) someAnswered = true;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, askInTurn));
    this.isAsking = false;
    this.onRound(someAnswered);
    // Empty by now, or stopped during the round: `ids` says so, and the next round ends at once.
    if (this.ids().length > 0) this.timer = setTimeout(() => this.round(), POLL_EVERY_MS);
  }
}

/** Only Headway's own word counts: a proxy that has lost its way answers 404 too. */
function saysGone({ status, type }: Problem): boolean {
  return (status === 404 || status === 410) && type.includes("/problems/");
}
