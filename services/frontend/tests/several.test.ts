// Many jobs at one click: four at a time, one key each, and no further after a refusal.
import { expect, test } from "vitest";
import type { Accepted, Answer } from "../src/core/api";
import { type Problem, problemOf, unreachable } from "../src/core/problem";
import { Several } from "../src/core/several";

const OK: Answer<Accepted> = { ok: true, value: { id: "a", job: null } };
const refused = (problem: Problem): Answer<Accepted> => ({ ok: false, problem });
const noPause = () => Promise.resolve();

/** Answers in turn with what is given, then always well. */
function server(answers: readonly Answer<Accepted>[] = []) {
  const keys: string[] = [];
  const load = { now: 0, most: 0 };
  const send = async (key: string) => {
    const answer = answers[keys.push(key) - 1] ?? OK;
    load.most = Math.max(load.most, ++load.now);
    await new Promise((resolve) => setTimeout(resolve));
    load.now--;
    return answer;
  };
  return { keys, load, send };
}

test("all are started, four at a time, each with its own key", async () => {
  const { keys, load, send } = server();
  const seen: number[] = [];
  const several = new Several(10, send, () => seen.push(several.started), noPause);

  await several.run();

  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(new Set(keys).size).toBe(10);
  expect(load.most).toBe(4);
  expect(several.problem).toBeNull();
});

test("the first refusal ends it, and what was under way is still counted", async () => {
  const { keys, send } = server([OK, OK, refused(problemOf({ title: "Too many" }, 429))]);
  const several = new Several(100, send, () => {}, noPause);

  await several.run();

  expect(several.problem?.title).toBe("Too many");
  expect(several.started).toBe(keys.length - 1);
  expect(keys.length).toBeLessThan(10);
});

test("going on sends the refused one again with its key, and none twice", async () => {
  const { keys, send } = server([OK, refused(problemOf({}, 429))]);
  const several = new Several(20, send, () => {}, noPause);

  await several.run();
  await several.run();

  expect(several.started).toBe(20);
  expect(keys).toHaveLength(21);
  expect(new Set(keys).size).toBe(20);
});

test("a lost connection and a busy server are tried again with the same key", async () => {
  const busy = { ...problemOf({}, 503), retryAfterSeconds: 2 };
  const { keys, send } = server([refused(unreachable()), OK, OK, OK, refused(busy)]);
  const pauses: number[] = [];
  const several = new Several(
    4,
    send,
    () => {},
    async (ms) => void pauses.push(ms),
  );

  await several.run();

  expect(several.started).toBe(4);
  expect(new Set(keys).size).toBe(4);
  expect(pauses).toEqual([1_000, 2_000]);
});

test("a server that stays away ends it after a few tries", async () => {
  const several = new Several(
    8,
    async () => refused(unreachable()),
    () => {},
    noPause,
  );

  await several.run();

  expect(several.started).toBe(0);
  expect(several.problem).toEqual(unreachable());
});

test("it can be stopped, and gone on with", async () => {
  const { send } = server();
  const several = new Several(50, send, () => several.started === 9 && several.stop(), noPause);

  await several.run();
  const startedThen = several.started;
  await several.run();

  expect(startedThen).toBeLessThan(14);
  expect(several.started).toBe(50);
});
