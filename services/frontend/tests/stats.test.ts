// The last two minutes of figures, and what is said about them.
import { expect, test } from "vitest";
import { Samples, sampleOf } from "../src/core/stats";
import {
  ageText,
  failedText,
  levelSentence,
  oldestText,
  queueText,
  rateText,
  throughputSentence,
  workersText,
} from "../src/core/stats-wording";
import { makeQueue, makeSample } from "./make-sample";

test("a document's time is read", () => {
  const stats = { ...makeSample(0), at: "2026-05-04T08:00:00.250Z" };

  expect(sampleOf(stats).at).toBe(Date.UTC(2026, 4, 4, 8, 0, 0, 250));
});

test("while nothing changes nothing is sent, so the last figures are repeated", () => {
  const samples = new Samples();
  samples.hear(makeSample(5_000), 70_000);

  expect(samples.repeat(71_000).map((each) => each.at)).toEqual([5_000]);
  expect(samples.repeat(72_000).map((each) => each.at)).toEqual([5_000, 7_000]);
});

test("news takes the place of what was only assumed", () => {
  const samples = new Samples();
  samples.hear(makeSample(5_000), 70_000);
  samples.repeat(72_000);

  const kept = samples.hear(makeSample(6_900, { submitted: 1 }), 72_100);

  expect(kept.map((each) => [each.at, each.submitted])).toEqual([
    [5_000, 0],
    [6_900, 1],
  ]);
});

test("an older second told again by another replica is left out, and is not repeated either", () => {
  const samples = new Samples();
  samples.hear(makeSample(5_000, { submitted: 2 }), 70_000);

  const kept = samples.hear(makeSample(4_500, { submitted: 1 }), 70_100);

  expect(kept.map((each) => each.at)).toEqual([5_000]);
  expect(samples.repeat(72_000).at(-1)).toMatchObject({ at: 7_000, submitted: 2 });
});

test("a clock that was set back is believed", () => {
  const samples = new Samples();
  samples.hear(makeSample(90_000), 70_000);

  const kept = samples.hear(makeSample(30_000), 71_000);

  expect(kept.at(-1)?.at).toBe(30_000);
});

test("two minutes are kept", () => {
  const samples = new Samples();
  for (let second = 0; second < 200; second += 1) samples.hear(makeSample(second * 1_000), second * 1_000);

  const kept = samples.repeat(0);

  expect([kept.length, kept.at(-1)?.at]).toEqual([120, 199_000]);
});

test("numbers are as exact as they are useful", () => {
  expect([400, 59_000, 200_000, 7_300_000, 300_000_000].map(ageText)).toEqual([
    "0 s",
    "59 s",
    "3 min",
    "2 h",
    "3 days",
  ]);
  expect(rateText({ done: 124, failed: 0, seconds: 10 })).toBe("12.4");
  expect(rateText({ done: 14_004, failed: 0, seconds: 10 })).toBe("1,400");
  expect(rateText(null)).toBe("–");
  expect(failedText({ done: 0, failed: 2, seconds: 60.2 })).toEqual({
    number: "2",
    when: "failed, last minute",
  });
  expect(failedText({ done: 0, failed: 0, seconds: 12 }).when).toBe("failed, last 12 s");
});

test("who waits and who works is said in words", () => {
  const present = { waiting: 1, oldestMs: 180_000, running: 0, slots: null, workers: 2, isAtLeast: true };

  expect(oldestText(present)).toBe("oldest waits 3 min");
  expect(oldestText({ ...present, oldestMs: null })).toBe("nobody waits");
  expect(workersText(present)).toBe("at least 2 workers");
  expect(workersText({ workers: 1, isAtLeast: false })).toBe("1 worker");
  expect(workersText({ workers: 0, isAtLeast: false })).toBe("no worker");
});

test("a queue is told in a line, and one that nobody serves has no slots to speak of", () => {
  expect(queueText(makeQueue("default", { queued: 1_200, running: 3 }))).toBe(
    "1,200 waiting · 3 of 4 slots · 1 worker",
  );
  expect(queueText(makeQueue("reports", { queued: 2, workers: 0, slots: 0 }))).toBe("2 waiting");
  expect(queueText(makeQueue("reports", { running: 1, workers: 0, slots: 0 }))).toBe("0 waiting · 1 running");
});

test("a chart has a sentence", () => {
  const done = [...new Array(58).fill(2), 5, 3];
  const failed = [...new Array(58).fill(0), 1, 0];

  expect(throughputSentence({ done, failed })).toBe(
    "Jobs that ended in the last minute: 124 done, 1 failed, at most 6 a second.",
  );
  expect(throughputSentence({ done: [null, 1], failed: [null, 0] })).toBe(
    "Jobs that ended in the last minute: 1 done, 0 failed, at most 1 a second. Nothing is known of 1 second.",
  );
  expect(levelSentence("waiting", [null, 3, 80, 7])).toBe("Jobs waiting: 7; in the last minute 3 to 80.");
  expect(levelSentence("running", [null])).toBe("Jobs running: nothing is known yet.");
});
