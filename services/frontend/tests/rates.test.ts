// Rates from samples: differences of counters over time, with gaps where nobody looked.
import { expect, test } from "vitest";
import { finishedWithin, levelsOf, presentOf, throughputOf, unbroken } from "../src/core/rates";
import { finishedWith, makeQueue, makeSample } from "./make-sample";

const START = Date.parse("2026-05-04T08:00:00Z");

/** One sample a second with so many jobs done by then. */
function samplesWith(counts: number[], firstAt = START) {
  return counts.map((done, second) =>
    makeSample(firstAt + second * 1_000, { finished: finishedWith(done), started: done }),
  );
}

test("each second has what was finished in it, and those before the first sample are gaps", () => {
  const { done, failed } = throughputOf(samplesWith([100, 103, 103, 110]));

  expect(done.slice(-4)).toEqual([null, 3, 0, 7]);
  expect(failed.slice(-4)).toEqual([null, 0, 0, 0]);
  expect(done).toHaveLength(60);
});

test("samples in the midst of seconds are shared out, and nothing is lost or doubled", () => {
  const samples = samplesWith([0, 4, 8, 8, 8], START + 250);

  const { done } = throughputOf(samples);

  expect(done.slice(-4)).toEqual([4, 4, 1, 0]);
});

test("failed are those that nobody wanted to end; cancelled and expired ones are neither done nor failed", () => {
  const finished = finishedWith(1, { failed: 2, timed_out: 3, lost: 4, cancelled: 5, expired: 6 });
  const samples = [makeSample(START), makeSample(START + 1_000, { finished })];

  const { done, failed } = throughputOf(samples);

  expect([done.at(-1), failed.at(-1)]).toEqual([1, 9]);
});

test("seconds that nobody saw are a gap, and the numbers over the whole are true all the same", () => {
  const samples = [...samplesWith([0, 2]), ...samplesWith([50, 52], START + 11_000)];

  const { done } = throughputOf(samples);
  const lately = finishedWithin(samples, 60);

  expect(done.slice(-12)).toEqual([2, ...new Array(10).fill(null), 2]);
  expect(lately).toEqual({ done: 52, failed: 0, seconds: 12 });
});

test("a counter that fell begins anew: Redis was emptied", () => {
  const samples = [...samplesWith([100, 101]), ...samplesWith([0, 5], START + 2_000)];

  const kept = unbroken(samples);

  expect(kept.map((sample) => sample.finished.succeeded)).toEqual([0, 5]);
  expect(throughputOf(kept).done.slice(-2)).toEqual([null, 5]);
});

test("a clock that was set back begins anew instead of standing still for good", () => {
  const samples = [...samplesWith([10, 20]), ...samplesWith([21, 22], START - 60_000)];

  const kept = unbroken(samples);

  expect(kept.map((sample) => sample.finished.succeeded)).toEqual([21, 22]);
});

test("numbers over less than a minute say over how much", () => {
  const samples = samplesWith([0, 1, 2, 3]);

  expect(finishedWithin(samples, 60)).toEqual({ done: 3, failed: 0, seconds: 3 });
  expect(finishedWithin(samples, 2)).toEqual({ done: 2, failed: 0, seconds: 2 });
  expect(finishedWithin(samples.slice(0, 1), 60)).toBeNull();
  expect(finishedWithin([], 60)).toBeNull();
});

test("levels hold for a moment and are unknown after that", () => {
  const queues = [
    makeQueue("default", { queued: 3, running: 1 }),
    makeQueue("reports", { queued: 4, running: 1 }),
  ];
  const samples = [makeSample(START, { queues }), makeSample(START + 6_000, { queues: [] })];

  const { waiting, running } = levelsOf(samples);

  expect(waiting.slice(-7)).toEqual([7, 7, 7, null, null, null, 0]);
  expect(running.at(-7)).toBe(2);
});

test("what is now: who waits the longest, and slots only where no worker could count twice", () => {
  const oldest = new Date(START - 180_000).toISOString();
  const one = [makeQueue("default", { queued: 2, oldest_at: oldest, running: 3 })];
  const two = [...one, makeQueue("reports", { workers: 2, slots: 8 })];

  expect(presentOf(makeSample(START, { queues: one }))).toEqual({
    waiting: 2,
    oldestMs: 180_000,
    running: 3,
    slots: 4,
    workers: 1,
    isAtLeast: false,
  });
  expect(presentOf(makeSample(START, { queues: two }))).toMatchObject({
    slots: null,
    workers: 2,
    isAtLeast: true,
  });
  expect(presentOf(makeSample(START))).toMatchObject({ waiting: 0, oldestMs: null, slots: 0, workers: 0 });
});
