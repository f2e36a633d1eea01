import { expect, test } from "vitest";
import { type Estimate, newEstimate, rateText } from "../src/core/eta";
import type { Job } from "../src/core/job";
import { makeJob } from "./make-job";

const STARTED = "2026-05-04T08:00:00Z";

function running(different: Partial<Job>): Job {
  return makeJob({ state: "PROGRESS", total: 100, started_at: STARTED, updated_at: STARTED, ...different });
}

/** One update each `everyMs`, each of them `step` further. */
function followed(
  updates: number,
  { everyMs = 1_000, step = 1, total = 100 as number | null } = {},
): Estimate {
  const estimate = newEstimate();
  for (let index = 0; index <= updates; index++)
    estimate.note(running({ version: index + 3, current: index * step, total }), index * everyMs);
  return estimate;
}

test("after five seconds, three updates and three percent it says how long the job still takes", () => {
  const estimate = followed(20, { step: 0.5 });

  const { rate, left } = estimate.words(20_000);

  expect(rate).toBe("30/min");
  expect(left).toBe("about 3 min left");
});

test.each([
  ["less than five seconds", followed(4, { step: 5 }), 4_000],
  ["less than three updates", followed(1, { everyMs: 6_000, step: 10 }), 6_000],
  ["less than three percent", followed(20, { step: 0.1 }), 20_000],
])("after %s it says nothing", (_what, estimate, now) => {
  expect(estimate.words(now)).toEqual({ rate: "", left: "", silence: "" });
});

test("without a total there is a rate and no time left", () => {
  const estimate = followed(10, { step: 40, total: null });

  expect(estimate.words(10_000)).toEqual({ rate: "40/s", left: "", silence: "" });
});

test("the server's estimate counts as well: together they are steadier", () => {
  const estimate = followed(20, { step: 1 });
  const at = { updated_at: "2026-05-04T08:00:21Z", eta_seconds: 360 };
  estimate.note(running({ version: 30, current: 21, ...at }), 21_000);

  const { left } = estimate.words(21_000);

  // Ours says 79 s, the server's 360.
  expect(left).toBe("about 4 min left");
});

test("the server's estimate alone is believed of a job that was opened late", () => {
  const estimate = newEstimate();
  const at = { updated_at: "2026-05-04T08:01:00Z", eta_seconds: 120 };
  estimate.note(running({ version: 40, current: 30, ...at }), 1_000);

  expect(estimate.words(1_000).left).toBe("about 2 min left");
});

test("the words stand still for five seconds", () => {
  const estimate = followed(20, { step: 0.5 });
  const said = estimate.words(20_000);
  estimate.note(running({ version: 99, current: 60 }), 21_000);

  const soon = estimate.words(24_900);
  const later = estimate.words(25_100);

  expect(soon).toEqual(said);
  expect(later.left).not.toBe(said.left);
});

test("a job that is silent for three times its usual gap has no time left, but a silence", () => {
  const estimate = followed(10, { everyMs: 8_000, step: 2 });

  const patient = estimate.words(80_000 + 23_000);
  const silent = estimate.words(80_000 + 40_500);

  expect(patient.silence).toBe("");
  expect(silent).toEqual({ rate: "", left: "", silence: "No update for 40 s" });
});

test("a job that was silent before the page was opened is silent from then on", () => {
  const estimate = newEstimate();
  estimate.note(running({ version: 9, current: 30 }), 100_000, 90_000);

  expect(estimate.words(101_000).silence).toBe("No update for 1 min 31 s");
});

test("another attempt begins anew", () => {
  const estimate = followed(20, { step: 0.5 });
  estimate.words(20_000);
  estimate.note(running({ version: 50, current: 0, started_at: "2026-05-04T08:00:21Z" }), 21_000);

  expect(estimate.words(21_000)).toEqual({ rate: "", left: "", silence: "" });
});

test("what has ended, or is asked to stop, has neither pace nor silence", () => {
  const ended = followed(20);
  ended.note(running({ version: 60, state: "SUCCESS" }), 21_000);
  const stopping = followed(20);
  stopping.note(running({ version: 60, current: 21, cancel_requested_at: STARTED }), 21_000);

  expect(ended.words(90_000)).toEqual({ rate: "", left: "", silence: "" });
  expect(stopping.words(90_000)).toEqual({ rate: "", left: "", silence: "" });
});

test("no estimate is negative, however late it is asked for", () => {
  const estimate = followed(98, { everyMs: 60_000 });

  expect(estimate.words(98 * 60_000 + 170_000).left).toBe("a few seconds left");
});

test.each([
  [2.14, "2.1/s"],
  [0.2, "12/min"],
  [0.001, "3.6/h"],
  [12_345, "12,300/s"],
  [0, ""],
  [Number.NaN, ""],
])("a rate of %d a second reads %s", (perSecond, text) => {
  expect(rateText(perSecond)).toBe(text);
});
