// When a bar is said to go on where it stopped.
import { expect, test } from "vitest";
import { isResumed } from "../src/core/resumed";
import { makeJob } from "./make-job";

const FIRST = "2026-05-04T08:00:00Z";
const SECOND = "2026-05-04T08:01:00Z";
const interrupted = {
  job: makeJob({ state: "RETRY", current: 20, total: 40, started_at: FIRST }),
  isResumed: false,
};
const begun = (different: Parameters<typeof makeJob>[0]) =>
  makeJob({ state: "PROGRESS", total: 40, started_at: SECOND, updated_at: SECOND, ...different });

test("an attempt that starts with a full part of the bar was taken over, for as long as it runs", () => {
  const started = begun({ state: "STARTED", current: 20 });
  const later = begun({ current: 30, updated_at: "2026-05-04T08:09:00Z" });

  expect(isResumed(started, interrupted)).toBe(true);
  expect(isResumed(started, { job: null, isResumed: false })).toBe(true);
  expect(isResumed(later, { job: started, isResumed: true })).toBe(true);
  expect(isResumed({ ...later, state: "RETRY" }, { job: later, isResumed: true })).toBe(false);
});

test("an attempt that starts at zero was not", () => {
  const started = begun({ state: "STARTED", current: 0, total: 1 });

  expect(isResumed(started, interrupted)).toBe(false);
  expect(isResumed(begun({ current: 30 }), { job: started, isResumed: false })).toBe(false);
});

test("a start that was folded into the first report is known by its bar", () => {
  expect(isResumed(begun({ current: 21 }), interrupted)).toBe(true);
  expect(isResumed(begun({ current: 1 }), interrupted)).toBe(false);
});

test("after a long absence nobody knows where the attempt began", () => {
  const late = begun({ current: 30, updated_at: "2026-05-04T08:09:00Z" });

  expect(isResumed(late, interrupted)).toBe(false);
  expect(isResumed(begun({ current: 30 }), { job: null, isResumed: false })).toBe(false);
});
