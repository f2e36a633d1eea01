// Joins the core to the views: one store, one follower, one memory, and the signals that views read.
import { type Signal, signal } from "@preact/signals";
import { Api } from "../core/api";
import { ask } from "../core/asks";
import { type Connection, newsOf } from "../core/connection";
import { Follower } from "../core/follower";
import type { Action, Job } from "../core/job";
import { type Memory, rememberIn } from "../core/remembered";
import { isOver, JobStore, type Row } from "../core/store";
import { Announcer } from "./announcer";
import { oncePerFrame } from "./frames";
import { nameOf } from "./names";
import { watchPage } from "./watch-page";

export class Session {
  readonly rows: Signal<readonly Row[]> = signal([]);
  readonly connection: Signal<Connection> = signal({ kind: "ready" });
  /** The rows stand still because somebody wants to read them; the news is kept. */
  readonly isPaused: Signal<boolean> = signal(false);
  readonly announcer = new Announcer();
  private readonly drawSoon = oncePerFrame(() => {
    if (!this.isPaused.value) this.rows.value = this.store.all();
  });

  constructor(
    readonly api: Api,
    readonly follower: Follower,
    private readonly store: JobStore,
    private readonly memory: Memory,
  ) {
    store.listen((after, before) => {
      this.drawSoon();
      this.announcer.tell(after, before, after ? nameOf(after) : "");
    });
    // Oldest first, because each row is put on top of the ones before.
    for (const id of memory.all().reverse()) store.add(id);
    this.rows.value = store.all();
  }

  /** A row appears at once; its id comes with the answer. */
  async startLongTask(): Promise<void> {
    const key = this.store.addSubmitting();
    this.setPaused(false);
    await this.submitLongTask(key);
  }

  async submitAgain(key: string): Promise<void> {
    this.store.resubmit(key);
    await this.submitLongTask(key);
  }

  addAccepted(id: string, job: Job | null): void {
    this.store.add(id, job);
    this.setPaused(false);
    this.memory.add(id);
    this.announcer.say("Job accepted.");
  }

  /** Stops a job, or runs it again. */
  async ask(id: string, action: Action): Promise<void> {
    this.setPaused(false);
    await ask(this.api, this.store, id, action);
  }

  setPaused(isPaused: boolean): void {
    this.isPaused.value = isPaused;
    this.rows.value = this.store.all();
  }

  clearFinished(): void {
    this.memory.drop(this.store.clear(isOver));
    this.rows.value = this.store.all();
  }

  remove(key: string): void {
    this.memory.drop(this.store.clear((row) => row.key === key));
    this.rows.value = this.store.all();
  }

  /** Sent again with the key of its row: the first request may have arrived although its answer did not. */
  private async submitLongTask(key: string): Promise<void> {
    const answer = await this.api.startLongTask(key);
    if (!answer.ok) return this.store.refuse(key, answer.problem);
    this.store.accept(key, answer.value.id);
    this.memory.add(answer.value.id);
  }
}

export function startSession(root: string): Session {
  const store = new JobStore();
  const api = new Api(root, globalThis.fetch.bind(globalThis));
  let session: Session | null = null;
  const follower = new Follower(api, store, (connection) => {
    if (session) tellConnection(session, connection);
  });
  session = new Session(
    api,
    follower,
    store,
    rememberIn(() => window.localStorage, root),
  );
  watchPage(follower);
  return session;
}

function tellConnection(session: Session, connection: Connection): void {
  const news = newsOf(connection, session.connection.value);
  session.connection.value = connection;
  if (news) session.announcer.say(news);
}
