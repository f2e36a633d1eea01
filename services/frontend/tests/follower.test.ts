// The follower against a server made of promises: how many streams there are, and what happens when they break.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api } from "../src/core/api";
import type { Connection } from "../src/core/connection";
import { Follower } from "../src/core/follower";
import { JobStore } from "../src/core/store";
import { openStream, type Stream } from "./fake-streams";
import { makeJob } from "./make-job";

let streams: Stream[];
let polls: string[];
let streamAnswer: () => number | "open" | "silent";
let pollAnswer: () => number;
let pollProblem: string;
let store: JobStore;
let follower: Follower;
let connection: Connection;

const server = (async (address: string, init: RequestInit) => {
  const url = new URL(address);
  if (!url.pathname.endsWith("/events")) {
    polls.push(url.pathname.split("/").pop() as string);
    const status = pollAnswer();
    const body = status === 200 ? makeJob({ id: polls.at(-1) as string }) : { type: pollProblem };
    return new Response(JSON.stringify(body), { status });
  }
  const answer = streamAnswer();
  if (typeof answer === "number") return new Response("{}", { status: answer });
  return openStream(streams, url, init);
}) as typeof fetch;

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const event = (type: string, data: unknown, id = "1") =>
  `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
const last = () => streams.at(-1) as Stream;

beforeEach(() => {
  vi.useFakeTimers();
  streams = [];
  polls = [];
  streamAnswer = () => "open";
  pollAnswer = () => 200;
  pollProblem = "/problems/gone";
  store = new JobStore();
  connection = { kind: "ready" };
  follower = new Follower(
    new Api("http://h/", server),
    store,
    (now) => {
      connection = now;
    },
    () => 1,
  );
});
afterEach(() => {
  follower.suspend();
  vi.useRealTimers();
});

test("fifty fast jobs are one stream with all of them, newest first", async () => {
  for (let number = 0; number < 50; number++) store.add(`job-${number}`);
  await pass(200);

  expect(streams).toHaveLength(1);
  expect(last().ids).toHaveLength(50);
  expect(last().ids[0]).toBe("job-49");
});

test("a new job reopens the stream, and never are two open", async () => {
  store.add("a");
  await pass(200);
  store.add("b");
  await pass(200);

  expect(streams.map((stream) => stream.isOpen)).toEqual([false, true]);
  expect(last().ids).toEqual(["b", "a"]);
});

test("clicks without a pause do not put the stream off for ever", async () => {
  for (let number = 0; number < 20; number++) {
    store.add(`job-${number}`);
    await pass(100);
  }

  expect(streams.length).toBeGreaterThanOrEqual(1);
  expect(streams.length).toBeLessThanOrEqual(3);
});

test("the first bytes make it live, and the last job's end makes it ready", async () => {
  store.add("a");
  await pass(200);
  last().say(event("snapshot", makeJob({ state: "PROGRESS" })));
  await pass(0);
  expect(connection.kind).toBe("live");

  last().say(event("update", { id: "a", version: 2, state: "SUCCESS" }));
  await pass(60_000);

  expect(connection.kind).toBe("ready");
  expect(streams).toHaveLength(1);
  expect(last().isOpen).toBe(false);
});

test("a cut stream is resumed where it was", async () => {
  store.add("a");
  await pass(200);
  last().say(event("snapshot", makeJob({ state: "PROGRESS" }), "41"));
  await pass(0);
  last().close();
  await pass(0);
  expect(connection.kind).toBe("reconnecting");
  await pass(2_000);

  expect(streams).toHaveLength(2);
  expect(last().headers.get("Last-Event-ID")).toBe("41");
});

test("a stream over other jobs starts from the beginning", async () => {
  store.add("a");
  await pass(200);
  last().say(event("snapshot", makeJob({ state: "PROGRESS" }), "41"));
  await pass(0);
  store.add("b");
  await pass(200);

  expect(last().headers.get("Last-Event-ID")).toBeNull();
});

test("45 s of silence is a broken connection, a heartbeat is not", async () => {
  store.add("a");
  await pass(200);
  last().say(": beat\n\n");
  await pass(40_000);
  last().say(": beat\n\n");
  await pass(40_000);
  expect(streams).toHaveLength(1);

  await pass(7_100);

  expect(streams.length).toBeGreaterThanOrEqual(2);
});

test("after three failures it polls, and the stream ends that", async () => {
  streamAnswer = () => 503;
  store.add("a");
  await pass(150 + 2_000 + 4_000 + 100);
  expect(connection.kind).toBe("polling");
  await pass(4_000);
  expect(polls.length).toBeGreaterThanOrEqual(2);

  streamAnswer = () => "open";
  while (streams.length === 0) await pass(1_000);
  last().say(": hello\n\n");
  await pass(3_000);
  const asked = polls.length;
  await pass(10_000);

  expect(connection.kind).toBe("live");
  expect(polls.length).toBe(asked);
});

test("a path that holds the bytes back is polled after five seconds", async () => {
  store.add("a");
  await pass(150 + 5_000 + 100);

  expect(connection.kind).toBe("polling");
});

test("failed polls keep the row and say that the connection is lost", async () => {
  streamAnswer = () => 503;
  pollAnswer = () => 503;
  store.add("a", makeJob({ state: "PROGRESS", percent: 40 }));
  await pass(30_000);

  expect(connection.kind).toBe("reconnecting");
  expect(store.job("a")?.percent).toBe(40);
  pollAnswer = () => 200;
  await pass(2_500);
  expect(connection.kind).toBe("polling");
});

test("a 404 that is not Headway's own leaves the row alone", async () => {
  streamAnswer = () => 503;
  pollAnswer = () => 404;
  pollProblem = "about:blank";
  store.add("a");
  await pass(20_000);

  expect(store.unfinishedIds()).toEqual(["a"]);
  expect(connection.kind).toBe("reconnecting");
});

test("a job that a poll does not find is gone", async () => {
  streamAnswer = () => 503;
  pollAnswer = () => 410;
  store.add("a");
  await pass(10_000);

  expect(store.all()[0]?.standing).toBe("expired");
  expect(connection.kind).toBe("ready");
});

test("without permission it asks once and waits to be told", async () => {
  const asked = vi.fn(() => 401);
  streamAnswer = asked;
  store.add("a");
  await pass(120_000);

  expect(connection.kind).toBe("refused");
  expect(asked).toHaveBeenCalledTimes(1);
  expect(polls).toEqual([]);
  streamAnswer = () => "open";
  follower.retryNow();
  await pass(0);
  expect(last().isOpen).toBe(true);
});

test("the newest hundred are streamed, the rest is polled", async () => {
  for (let number = 0; number < 130; number++) store.add(`job-${number}`);
  await pass(1_000);

  expect(last().ids).toHaveLength(100);
  expect(new Set(polls).size).toBe(30);
  expect(polls).toContain("job-0");
});

test("a job that had ended and runs again is followed from the start", async () => {
  store.add("a", makeJob({ state: "PROGRESS" }));
  await pass(200);
  last().say(event("update", { id: "a", version: 2, state: "FAILURE" }, "2/end"));
  await pass(200);
  expect(connection.kind).toBe("ready");

  store.putJob(makeJob({ version: 3, state: "RETRY" }));
  await pass(200);

  expect(streams).toHaveLength(2);
  expect(last().ids).toEqual(["a"]);
  expect(last().headers.get("Last-Event-ID")).toBeNull();
});

test("a job retried beside a running one is not left to the stream that has told its end", async () => {
  store.add("a", makeJob({ state: "PROGRESS" }));
  store.add("b", makeJob({ id: "b", state: "PROGRESS" }));
  await pass(200);
  last().say(event("update", { id: "a", version: 2, state: "FAILURE" }, "1,2/end"));
  await pass(0);

  store.putJob(makeJob({ version: 3, state: "RETRY" }));
  await pass(200);

  expect(streams.map((stream) => stream.isOpen)).toEqual([false, true]);
  expect(last().ids).toEqual(["b", "a"]);
  expect(last().headers.get("Last-Event-ID")).toBeNull();
});

test("a retry during an outage does not resume behind the old end", async () => {
  store.add("a", makeJob({ state: "PROGRESS" }));
  store.add("b", makeJob({ id: "b", state: "PROGRESS" }));
  await pass(200);
  last().say(event("update", { id: "a", version: 2, state: "FAILURE" }, "1,2/end"));
  await pass(0);
  last().close();
  await pass(0);

  store.putJob(makeJob({ version: 3, state: "RETRY" }));
  await pass(2_100);

  expect(last().ids).toEqual(["b", "a"]);
  expect(last().headers.get("Last-Event-ID")).toBeNull();
});

test("the late end of an earlier attempt does not stop the following", async () => {
  pollAnswer = () => 503;
  store.add("a", makeJob({ version: 9, state: "RETRY" }));
  await pass(200);
  last().say(event("end", { id: "a", state: "FAILURE", version: 8 }, "8/end"));
  last().close();
  await pass(2_100);

  expect(streams).toHaveLength(2);
  expect(last().isOpen).toBe(true);
  expect(last().headers.get("Last-Event-ID")).toBeNull();
});

test("a server that tells an old end again and again is not asked without a pause", async () => {
  pollAnswer = () => 503;
  store.add("a", makeJob({ version: 9, state: "RETRY" }));
  store.add("b", makeJob({ id: "b", state: "PROGRESS" }));
  await pass(200);
  for (let round = 0; round < 5; round++) {
    last().say(event("end", { id: "a", state: "FAILURE", version: 8 }));
    await pass(2_100);
  }

  expect(streams).toHaveLength(6);
  expect(streams.filter((stream) => stream.isOpen)).toHaveLength(1);
});

test("a hidden tab without a job is ready when it is seen again", async () => {
  follower.suspend();
  follower.setHidden(false);
  await pass(2_000);

  expect(connection.kind).toBe("ready");
  expect(streams).toHaveLength(0);
});

test("a hidden tab lets go after 5 s and takes it up again", async () => {
  store.add("a");
  await pass(200);
  last().say(event("snapshot", makeJob({ state: "PROGRESS" }), "7"));
  follower.setHidden(true);
  await pass(4_500);
  expect(last().isOpen).toBe(true);
  await pass(1_000);
  expect(last().isOpen).toBe(false);
  expect(connection.kind).toBe("paused");
  await pass(60_000);
  expect(streams).toHaveLength(1);

  follower.setHidden(false);
  await pass(0);

  expect(last().isOpen).toBe(true);
  expect(last().headers.get("Last-Event-ID")).toBe("7");
});

test("a tab shown again in time keeps its stream", async () => {
  store.add("a");
  await pass(200);
  follower.setHidden(true);
  await pass(4_000);
  last().say(": beat\n\n");
  follower.setHidden(false);
  await pass(30_000);

  expect(streams).toHaveLength(1);
});

test("a lost network is called offline only when the server cannot be reached either", async () => {
  store.add("a");
  await pass(200);
  last().say(": beat\n\n");
  follower.setOnline(false);
  await pass(0);
  last().say(": beat\n\n");
  await pass(0);
  expect(connection.kind).toBe("live");

  streamAnswer = () => 503;
  last().close();
  await pass(0);
  expect(connection.kind).toBe("offline");
  streamAnswer = () => "open";
  follower.setOnline(true);
  await pass(0);
  last().say(": beat\n\n");
  await pass(0);
  expect(connection.kind).toBe("live");
});

test("an end without its last change fetches the document", async () => {
  store.add("a");
  await pass(200);
  last().say(event("snapshot", makeJob({ state: "PROGRESS" })));
  last().say(event("end", { id: "a", state: "SUCCESS", version: 9 }));
  await pass(0);

  expect(polls).toEqual(["a"]);
});
