// What is said aloud, and what is not.
import { expect, test } from "vitest";
import { announcementOf, milestoneOf } from "../src/core/milestones";
import { problemOf } from "../src/core/problem";
import { makeRow as rowWith } from "./make-job";

test("milestones are quarters, ends and nothing in between", () => {
  const at = (percent: number) => rowWith({ state: "PROGRESS", percent });

  expect(milestoneOf(at(26), at(24), "Job a")?.text).toBe("25%");
  expect(milestoneOf(at(27), at(26), "Job a")).toBeNull();
  expect(milestoneOf(rowWith({ state: "FAILURE" }), at(26), "Job a")?.text).toBe("failed");
  expect(milestoneOf(at(50), { ...at(0), job: null, standing: "loading" }, "Job a")).toBeNull();
});

test("a cancel is told when it is asked for and when it is done", () => {
  const running = rowWith({ state: "PROGRESS", percent: 30 });
  const asked = rowWith({ state: "PROGRESS", percent: 30, cancel_requested_at: "2026-05-04T08:00:00Z" });
  const ended = rowWith({ state: "REVOKED", percent: 30 });

  const first = milestoneOf(asked, running, "Job a");
  const second = milestoneOf(ended, asked, "Job a");

  expect(first).toMatchObject({ text: "cancelling", isMinor: true });
  expect(second).toMatchObject({ text: "cancelled", isMinor: false });
});

test("what happened to an interrupted or an expired job is told in words", () => {
  const running = rowWith({ state: "PROGRESS", percent: 30 });
  const status = "The worker was lost; the job will run again.";
  const interrupted = rowWith({ state: "RETRY", percent: 30, status });
  const expired = rowWith({ state: "REVOKED", error: problemOf({ type: "/problems/expired" }) });

  const lost = milestoneOf(interrupted, running, "Job a");
  const late = milestoneOf(expired, rowWith(), "Job a");

  expect(lost && announcementOf([lost])).toBe(`Job a: ${status}`);
  expect(late?.text).toBe("expired");
});

test("many milestones become one sentence", () => {
  const done = { name: "Job a", tone: "done" as const, text: "done", isMinor: false };
  const quarter = { name: "Job b", tone: "running" as const, text: "25%", isMinor: true };

  expect(announcementOf([])).toBe("");
  expect(announcementOf([quarter])).toBe("Job b: 25%.");
  expect(announcementOf([quarter, done])).toBe("Job a: done.");
  expect(announcementOf([done, done, { ...done, tone: "failed" }])).toBe("2 jobs done, 1 job failed.");
});
