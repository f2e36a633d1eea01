// The list of jobs as it stands on the page: which ids, in which order, and how it is brought up to date without
// shifting what somebody reads.
import type { Answer, Api, Filter, Listed } from "./api";
import type { Problem } from "./problem";
import { isUnfinished, type JobStore } from "./store";

export const PAGE_SIZE = 100;
/** The server's limit for one page: what a refresh brings up to date. */
const MOST_REFRESHED = 200;
/** Beyond it a list is no list any more, and its filter should be narrower. */
export const MOST_LISTED = 10_000;

export type ListState = {
  readonly ids: readonly string[];
  readonly isLoading: boolean;
  readonly isComplete: boolean;
  /** Why the last question was not answered; the rows stay. */
  readonly problem: Problem | null;
  /** Whether anything was ever listed with this filter. */
  readonly isKnown: boolean;
};

export const NOTHING_LISTED: ListState = {
  ids: [],
  isLoading: false,
  isComplete: false,
  problem: null,
  isKnown: false,
};

export class Listing {
  private state: ListState = NOTHING_LISTED;
  private filter: Filter = { states: [], task: "", search: "" };
  private nextToken: string | null = null;
  /** Answers to older questions are dropped: the last filter wins, however slow its answer. */
  private question = 0;

  constructor(
    private readonly api: Api,
    private readonly store: JobStore,
    private readonly onChange: (state: ListState) => void,
  ) {}

  show(filter: Filter): void {
    this.filter = filter;
    this.nextToken = null;
    this.set(NOTHING_LISTED);
    void this.refresh();
  }

  /** The newest jobs anew; rows further down stay where they are. */
  async refresh(): Promise<void> {
    const size = Math.min(MOST_REFRESHED, Math.max(PAGE_SIZE, this.state.ids.length));
    const answer = await this.ask(size, null);
    if (!answer) return;
    const fresh = answer.jobs.map((job) => job.id);
    const rest = answer.nextToken === null ? [] : this.below(fresh);
    // Without a rest the next page begins where the fresh rows end, however far the list had reached before.
    if (rest.length === 0) this.nextToken = answer.nextToken;
    this.answered([...fresh, ...rest]);
  }

  /** The next page, when somebody comes near the end of what is there. */
  async more(): Promise<void> {
    const { isLoading, isComplete, isKnown, ids } = this.state;
    if (isLoading || isComplete || !isKnown || ids.length >= MOST_LISTED) return;
    const answer = await this.ask(MOST_REFRESHED, this.nextToken);
    if (!answer) return;
    const known = new Set(this.state.ids);
    const next = answer.jobs.map((job) => job.id).filter((id) => !known.has(id));
    this.nextToken = answer.nextToken;
    this.answered([...this.state.ids, ...next]);
  }

  /** A job that was started here stands first at once, whatever the server lists. */
  putFirst(id: string): void {
    this.set({ ...this.state, ids: [id, ...this.state.ids.filter((other) => other !== id)] });
  }

  drop(id: string): void {
    this.set({ ...this.state, ids: this.state.ids.filter((other) => other !== id) });
  }

  /** Every id that fits the filter, page by page; for what is done to all of them. */
  async all(onCount: (count: number) => void): Promise<Answer<string[]>> {
    const ids: string[] = [];
    let token: string | null = null;
    do {
      const answer: Answer<Listed> = await this.api.listJobs(this.filter, MOST_REFRESHED, token);
      if (!answer.ok) return answer;
      ids.push(...answer.value.jobs.map((job) => job.id));
      token = answer.value.nextToken;
      onCount(ids.length);
    } while (token !== null && ids.length < MOST_LISTED);
    return { ok: true, value: ids };
  }

  /** What stands below the fresh rows. The last of them says where: it was there before, unless all is new. */
  private below(fresh: readonly string[]): string[] {
    const known = new Set(fresh);
    const last = this.state.ids.lastIndexOf(fresh.at(-1) ?? "");
    return last < 0 ? [] : this.state.ids.slice(last + 1).filter((id) => !known.has(id));
  }

  private async ask(size: number, token: string | null): Promise<Listed | null> {
    this.question += 1;
    const { question } = this;
    this.set({ ...this.state, isLoading: true });
    const answer = await this.api.listJobs(this.filter, size, token);
    if (question !== this.question) return null;
    if (!answer.ok) {
      this.set({ ...this.state, isLoading: false, problem: answer.problem });
      return null;
    }
    for (const job of answer.value.jobs) {
      // A listed document leaves out what is long, and why a job waits: of one that is followed we know better.
      const row = this.store.row(job.id);
      if (!row?.job || row.job.version < job.version) this.store.add(job.id, job);
    }
    return answer.value;
  }

  /** In one step: between "no longer loading" and the rows the next page would be asked for already. */
  private answered(ids: readonly string[]): void {
    const isComplete = this.nextToken === null;
    this.set({ ...this.state, ids, isComplete, isKnown: true, isLoading: false, problem: null });
  }

  private set(state: ListState): void {
    this.state = state;
    this.onChange(state);
  }
}

/** Of these rows those that can still change. */
export function unfinishedOf(store: JobStore, ids: readonly string[]): string[] {
  return ids.filter((id) => {
    const row = store.row(id);
    return row !== null && isUnfinished(row);
  });
}
