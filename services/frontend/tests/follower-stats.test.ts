// The follower of a page that shows the figures of all jobs: it always has something to follow.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api } from "../src/core/api";
import { Board } from "../src/core/board";
import type { Connection } from "../src/core/connection";
import { Follower } from "../src/core/follower";
import { openStream, type Stream } from "./fake-streams";
import { makeJob } from "./make-job";

let streams: Stream[];
let asked: string[];
let isAway: boolean;
let heard: string[];
let board: Board;
let follower: Follower;
let connection: Connection;

const server = (async (address: string, init: RequestInit) => {
  const url = new URL(address);
  if (url.pathname.endsWith("/events") && !isAway) return openStream(streams, url, init);
  if (url.pathname.endsWith("/events")) return new Response("{}", { status: 503 });
  asked.push(url.pathname);
  return url.pathname === "/stats"
    ? Response.json({ totals: {} })
    : Response.json(makeJob({ id: url.pathname.split("/").pop() as string }));
}) as typeof fetch;

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const last = () => streams.at(-1) as Stream;
const run = (id: string) => board.add(id, makeJob({ id, state: "PROGRESS" }));

beforeEach(() => {
  vi.useFakeTimers();
  [streams, asked, heard, isAway] = [[], [], [], false];
  board = new Board();
  const tell = (now: Connection) => {
    connection = now;
  };
  follower = new Follower(
    new Api("http://h/", server),
    board,
    tell,
    () => 1,
    (data) => heard.push(data),
  );
});
afterEach(() => {
  follower.suspend();
  vi.useRealTimers();
});

test("without any job there is a stream of the figures alone", async () => {
  follower.reconsider();
  await pass(200);
  last().say('event: stats\ndata: {"totals":{}}\n\n');
  await pass(0);

  expect(last().query.toString()).toBe("stats=1");
  expect(heard).toEqual(['{"totals":{}}']);
  expect(connection.kind).toBe("live");
});

test("jobs that come into sight are followed by one new stream, however many they are", async () => {
  follower.reconsider();
  await pass(200);
  for (const id of ["a", "b", "c"]) run(id);
  board.lookAt(["a", "b", "c"]);

  follower.reconsider();
  await pass(200);

  expect(streams.map(({ isOpen }) => isOpen)).toEqual([false, true]);
  expect(last().query.getAll("id")).toEqual(["a", "b", "c"]);
});

test("a few rows that went out of sight are not worth a new stream, ten are", async () => {
  const ids = Array.from({ length: 20 }, (_, place) => `job-${place}`);
  for (const id of ids) run(id);
  board.lookAt(ids);
  follower.reconsider();
  await pass(200);

  board.lookAt(ids.slice(5));
  follower.reconsider();
  await pass(1_500);

  expect(streams).toHaveLength(1);
});

test("what is looked at while the page is suspended is followed when it is back", async () => {
  run("a");
  follower.suspend();
  board.lookAt(["a"]);
  follower.reconsider();
  await pass(2_000);
  expect(streams).toHaveLength(0);

  follower.setHidden(false);
  await pass(0);

  expect(last().query.getAll("id")).toEqual(["a"]);
});

test("while there is no stream the figures are polled, and no more once there is one", async () => {
  isAway = true;
  follower.reconsider();
  await pass(30_000);
  expect(connection.kind).toBe("polling");
  const polled = heard.length;
  expect(polled).toBeGreaterThan(1);

  isAway = false;
  for (let seconds = 0; streams.length === 0 && seconds < 60; seconds += 1) await pass(1_000);
  last().say(": beat\n\n");
  await pass(5_000);
  const before = asked.length;
  await pass(20_000);

  expect(asked).toHaveLength(before);
  expect(connection.kind).toBe("live");
});

test("however often a stream fails, the figures are asked for in one round", async () => {
  isAway = true;
  follower.reconsider();
  await pass(30_000);
  follower.retryNow();
  await pass(10_000);
  asked = [];

  await pass(10_000);

  expect(asked.length).toBeLessThanOrEqual(6);
});

test("a stream that breaks goes on from its last event, because it asks for the same", async () => {
  run("a");
  board.lookAt(["a"]);
  follower.reconsider();
  await pass(200);
  last().say(`id: 7\nevent: update\ndata: {"id":"a","version":7}\n\n`);
  await pass(0);

  follower.suspend();
  follower.setHidden(false);
  await pass(0);

  expect(last().headers.get("Last-Event-ID")).toBe("7");
});
