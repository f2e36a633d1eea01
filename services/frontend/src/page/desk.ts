// Joins the core to the views: the board of jobs, the list, the connection, the address, and the signals that views read.
import { computed, type Signal, signal } from "@preact/signals";
import { Api, type Task } from "../core/api";
import { ask } from "../core/asks";
import { Board } from "../core/board";
import { actOnAll, type Tally, tallyText } from "../core/bulk";
import { type Connection, isBack, newsOf } from "../core/connection";
import { Follower } from "../core/follower";
import type { Action, Job } from "../core/job";
import { Listing, type ListState, NOTHING_LISTED } from "../core/listing";
import { mayPass, type Problem } from "../core/problem";
import { type Memory, rememberIn } from "../core/remembered";
import { isSameList, type Route, readRoute, TABS, writeRoute } from "../core/route";
import { readSample, type Sample, Samples } from "../core/stats";
import type { Row } from "../core/store";
import { Announcer } from "../ui/announcer";
import { oncePerFrame } from "../ui/frames";
import { nameOf } from "../ui/names";
import { watchPage } from "../ui/watch-page";
import { focusRow } from "./focus-row";

/** A list that moves by itself is asked anew this often at the most. */
const REFRESH_MS = 2_000;
const SETTLE_MS = 250;

export type Prefill = { task: string; args: Record<string, unknown> };

export class Desk {
  readonly board = new Board();
  readonly listing: Listing;
  readonly follower: Follower;
  readonly announcer = new Announcer();
  readonly list: Signal<ListState> = signal(NOTHING_LISTED);
  /** Grows with every change that was drawn: rows are read from the board. */
  readonly drawn = signal(0);
  readonly connection: Signal<Connection> = signal({ kind: "connecting" });
  readonly samples: Signal<readonly Sample[]> = signal([]);
  readonly tasks: Signal<Task[] | Problem | null> = signal(null);
  readonly route: Signal<Route>;
  readonly isPaused = signal(false);
  /** Somebody reads the list, so it must not move by itself. */
  readonly isHeld = signal(false);
  readonly isSelecting = signal(false);
  readonly selected: Signal<ReadonlySet<string>> = signal(new Set());
  readonly tally: Signal<Tally | null> = signal(null);
  readonly prefill: Signal<Prefill | null> = signal(null);
  readonly latest = computed(() => this.samples.value.at(-1));
  /** What the figures were when the list was last asked for. */
  private readonly listedAt: Signal<Sample | undefined> = signal(undefined);
  private readonly heard = new Samples();
  /** Started in this browser: their milestones are said aloud. */
  private readonly own: Set<string>;
  private visible: readonly string[] = [];
  private readonly drawSoon = oncePerFrame(() => {
    if (!this.isPaused.value) this.drawn.value += 1;
  });
  private refreshTimer: ReturnType<typeof setTimeout> | null = null;
  private settleTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    readonly api: Api,
    private readonly memory: Memory,
    readonly root: string,
  ) {
    this.route = signal(readRoute(location.search));
    this.own = new Set(memory.all());
    this.listing = new Listing(api, this.board, (state) => {
      this.list.value = state;
    });
    this.follower = new Follower(
      api,
      this.board,
      (connection) => this.tellConnection(connection),
      Math.random,
      (data) => this.takeStats(data),
    );
    this.board.listen((after, before) => {
      this.drawSoon();
      const isOwn = after?.id && (this.own.has(after.id) || after.id === this.route.value.job);
      if (isOwn) this.announcer.tell(after, before, nameOf(after));
    });
  }

  start(): void {
    this.showList();
    this.openJob();
    this.follower.reconsider();
    void this.loadTasks();
    setInterval(() => this.repeatStats(), 1_000);
    window.addEventListener("popstate", () => this.arrive(readRoute(location.search)));
  }

  row(id: string): Row | null {
    return this.board.row(id);
  }

  // Where one is

  go(change: Partial<Route>, how: "push" | "replace" = "push"): void {
    const route = { ...this.route.value, ...change };
    const address = writeRoute(route);
    if (how === "push") history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    this.arrive(route);
  }

  addressOf(change: Partial<Route>): string {
    return writeRoute({ ...this.route.value, ...change });
  }

  /** Back to the list, and to the row that was left. */
  closeJob(): void {
    const { job } = this.route.value;
    if (!job) return;
    this.go({ job: null });
    focusRow(job);
  }

  private arrive(route: Route): void {
    const before = this.route.value;
    this.route.value = route;
    if (!isSameList(before, route)) this.showList();
    if (route.job !== before.job) this.openJob();
  }

  private showList(): void {
    const { tab, task, search } = this.route.value;
    this.selected.value = new Set();
    this.isHeld.value = false;
    this.listedAt.value = this.latest.value;
    this.listing.show({ states: TABS[tab].states, task, search: search.trim() });
  }

  private openJob(): void {
    const id = this.route.value.job;
    if (id && !this.board.row(id)) this.board.add(id);
    this.lookAgain();
  }

  // The list

  /** These rows are on the screen now. */
  see(ids: readonly string[]): void {
    if (ids.length === this.visible.length && ids.every((id, place) => id === this.visible[place])) return;
    this.visible = ids;
    if (this.settleTimer) clearTimeout(this.settleTimer);
    // Whoever scrolls through a thousand rows wants the stream of those where it stops.
    this.settleTimer = setTimeout(() => this.lookAgain(), SETTLE_MS);
  }

  private lookAgain(): void {
    const { job } = this.route.value;
    this.board.lookAt(job ? [job, ...this.visible.filter((id) => id !== job)] : this.visible);
    this.follower.reconsider();
  }

  async refresh(): Promise<void> {
    this.listedAt.value = this.latest.value;
    await this.listing.refresh();
  }

  hold(isHeld: boolean): void {
    if (this.isHeld.value === isHeld) return;
    this.isHeld.value = isHeld;
    if (!isHeld) this.refreshSoon();
  }

  /** How many jobs came since the list was asked for; of a filtered list only that there was a change. */
  readonly news = computed(() => {
    const [now, then] = [this.latest.value, this.listedAt.value];
    if (!now || !then) return 0;
    const { tab } = this.route.value;
    const { states } = TABS[tab];
    if (states.length === 0) return Math.max(0, now.submitted - then.submitted);
    return states.some((state) => now.totals[state] !== then.totals[state]) ? 1 : 0;
  });

  private takeStats(data: string): void {
    const sample = readSample(data);
    if (!sample) return;
    this.samples.value = this.heard.hear(sample);
    this.listedAt.value ??= sample;
    this.refreshSoon();
  }

  /** The server says nothing while nothing changes; only a stream that stands can tell that from a lost one. */
  private repeatStats(): void {
    if (!["live", "polling"].includes(this.connection.value.kind)) return;
    this.samples.value = this.heard.repeat();
    this.refreshSoon();
  }

  /** Jobs came since the list was asked for, or its last question was lost though the server can be heard. */
  private isBehind(): boolean {
    const { problem } = this.list.value;
    const isStill = this.isHeld.value || this.isPaused.value;
    return !isStill && (problem ? mayPass(problem) : this.news.value > 0);
  }

  private refreshSoon(): void {
    if (!this.isBehind()) return;
    const askedMs = (this.list.value.problem?.retryAfterSeconds ?? 0) * 1_000;
    this.refreshTimer ??= setTimeout(
      () => {
        this.refreshTimer = null;
        if (this.isBehind() && !document.hidden) void this.refresh();
      },
      Math.max(REFRESH_MS, askedMs),
    );
  }

  // What is done

  addAccepted(id: string, job: Job | null): void {
    this.memory.add(id);
    this.own.add(id);
    this.board.add(id, job);
    const { tab, task, search } = this.route.value;
    if (tab === "all" && !task && !search) this.listing.putFirst(id);
    this.lookAgain();
  }

  async ask(id: string, action: Action): Promise<void> {
    await ask(this.api, this.board, id, action);
    this.lookAgain(); // what ran no more may run again
  }

  runAgain(task: string, args: Record<string, unknown>): void {
    this.prefill.value = { task, args };
    this.go({ view: "start", job: null });
  }

  select(id: string, isSelected: boolean): void {
    const selected = new Set(this.selected.value);
    if (isSelected) selected.add(id);
    else selected.delete(id);
    this.selected.value = selected;
  }

  async actOnSelected(action: Action): Promise<void> {
    const ids = [...this.selected.value];
    this.tally.value = { action, total: ids.length, done: 0, taken: 0, late: 0, problem: null };
    const tally = await actOnAll(this.api, ids, action, (now) => {
      this.tally.value = now;
    });
    this.tally.value = tally;
    this.selected.value = new Set();
    this.announcer.say(tallyText(tally));
    await this.refresh();
  }

  pause(isPaused: boolean): void {
    this.isPaused.value = isPaused;
    this.drawn.value += 1;
    if (!isPaused) this.refreshSoon();
  }

  async loadTasks(): Promise<void> {
    this.tasks.value = null;
    const answer = await this.api.listTasks();
    this.tasks.value = answer.ok ? answer.value : answer.problem;
  }

  // How it is told

  private tellConnection(connection: Connection): void {
    const before = this.connection.value;
    this.connection.value = connection;
    const news = newsOf(connection, before);
    if (news) this.announcer.say(news);
    if (isBack(connection, before)) void this.refresh();
  }
}

export function startDesk(root: string): Desk {
  const memory = rememberIn(() => window.localStorage, root);
  const desk = new Desk(new Api(root, globalThis.fetch.bind(globalThis)), memory, root);
  watchPage(desk.follower);
  desk.start();
  return desk;
}
