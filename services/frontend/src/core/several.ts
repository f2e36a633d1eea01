// Starts many jobs of the same kind: a few requests at a time, each with its own key, and no further after a refusal.
import type { Accepted, Answer } from "./api";
import { newKey } from "./idempotency";
import type { Problem } from "./problem";

const AT_A_TIME = 4;
/** A refusal will not change; a lost connection or a busy server may, so such a request is sent again. */
const TRIES = 3;
const LONGEST_PAUSE_SECONDS = 10;

type Send = (key: string) => Promise<Answer<Accepted>>;
type Pause = (ms: number) => Promise<void>;

export class Several {
  started = 0;
  /** Why it stopped before all were started. */
  problem: Problem | null = null;
  private readonly keys: string[];
  private isStopped = false;

  constructor(
    readonly total: number,
    private readonly send: Send,
    private readonly onStarted: (accepted: Accepted) => void,
    private readonly pause: Pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  ) {
    this.keys = Array.from({ length: total }, newKey);
  }

  /** Goes on where it stopped: a request that failed is sent again with its own key, so none becomes two jobs. */
  async run(): Promise<void> {
    this.problem = null;
    this.isStopped = false;
    await Promise.all(Array.from({ length: AT_A_TIME }, () => this.sendInTurn()));
  }

  stop(): void {
    this.isStopped = true;
  }

  private async sendInTurn(): Promise<void> {
    while (!this.isStopped && !this.problem) {
      const key = this.keys.pop();
      if (!key) return;
      const answer = await this.sendPatiently(key);
      if (answer.ok) {
        this.started++;
        this.onStarted(answer.value);
      } else {
        this.keys.push(key);
        this.problem ??= answer.problem;
      }
    }
  }

  private async sendPatiently(key: string): Promise<Answer<Accepted>> {
    let answer = await this.send(key);
    for (let tries = 1; !answer.ok && mayPass(answer.problem) && tries < TRIES; tries++) {
      if (this.isStopped || this.problem) break;
      await this.pause((answer.problem.retryAfterSeconds ?? tries) * 1_000);
      answer = await this.send(key);
    }
    return answer;
  }
}

/** Whoever is asked to wait long is told so, and decides when to go on. */
function mayPass({ status, retryAfterSeconds }: Problem): boolean {
  return (status === null || status >= 500) && (retryAfterSeconds ?? 0) <= LONGEST_PAUSE_SECONDS;
}
