// What people read: numbers, times, waits and states.
import { expect, test } from "vitest";
import { moment, sentenceCase, shortId, timeLeft, workDone } from "../src/core/fmt";
import { idFromLocation, percentOf } from "../src/core/job";
import { problemOf } from "../src/core/problem";
import { factsOf, reasonOf, refusalText, statusText, waitText, wordingOf } from "../src/core/wording";
import { makeJob, makeRow } from "./make-job";

const LOST = "The worker was lost; the job will run again.";
const errorOf = (slug: string, detail = "") =>
  problemOf({ type: `/problems/${slug}`, title: "A title", detail });

test.each([
  [null, ""],
  [-1, ""],
  [3, "a few seconds left"],
  [40, "less than a minute left"],
  [70, "about a minute left"],
  [250, "about 4 min left"],
  [3600, "about 1 h left"],
  [5400, "about 1 h 30 min left"],
  [7190, "about 2 h left"],
  [50_000, "about 13 h left"],
  [200_000, "about 2 days left"],
])("%s seconds left read %j", (seconds, text) => {
  expect(timeLeft(seconds)).toBe(text);
});

test.each([
  [{ current: 5, total: 10, percent: 50 }, 50],
  [{ current: 5, total: 10, percent: null }, 50],
  [{ current: 999, total: 1000, percent: 99.9 }, 99],
  [{ current: 30, total: 10, percent: null }, 100],
  [{ current: 5, total: null, percent: null }, null],
  [{ current: 5, total: 0, percent: null }, null],
  [{ state: "SUCCESS" as const, total: null, percent: null }, 100],
  [{ state: "FAILURE" as const, current: 3, total: 10, percent: 30 }, 30],
])("%j is %s per cent", (job, percent) => {
  expect(percentOf(makeJob(job))).toBe(percent);
});

test("work without a known total is counted, not guessed", () => {
  expect(workDone(1240, null)).toBe("1,240 done");
  expect(workDone(1240, 0)).toBe("1,240 done");
  expect(workDone(12, 50)).toBe("12 of 50");
  expect(workDone(0, null)).toBe("");
});

test("a moment of today is a time, another one has its day", () => {
  const now = new Date(2026, 4, 3, 12).getTime();

  expect(moment(new Date(2026, 4, 3, 14, 5, 9).getTime(), now, "en-GB")).toBe("14:05:09");
  expect(moment(new Date(2026, 4, 4, 8, 0).getTime(), now, "en-GB")).toBe("4 May, 08:00");
  expect(moment(new Date(2027, 0, 2, 8, 0).getTime(), now, "en-GB")).toBe("2 Jan 2027, 08:00");
  expect(moment("nonsense", now)).toBe("");
});

test("the reason for waiting is said in words", () => {
  const at = new Date(2026, 4, 4, 8, 0).toISOString();

  expect(waitText(makeJob({ waiting_for: "worker", task: "crawl", queue: "reports" }))).toBe(
    "Waiting: no worker serves the task “crawl” on the queue “reports”",
  );
  expect(waitText(makeJob({ waiting_for: "schedule", scheduled_for: at }))).toMatch(/^Starts at .*8:00/);
  expect(waitText(makeJob({ waiting_for: "slot", queue_position: 3 }))).toBe("Queued, position 3");
  expect(waitText(makeJob({ state: "RETRY", waiting_for: "schedule", scheduled_for: at }))).toMatch(
    /^Trying again at/,
  );
  expect(waitText(makeJob({ state: "SUCCESS", waiting_for: "slot" }))).toBe("");
});

test("the seed's words stay where nothing better is known", () => {
  expect(statusText(makeJob())).toBe("Pending...");
  expect(statusText(makeJob({ waiting_for: "slot" }))).toBe("");
  expect(statusText(makeJob({ state: "FAILURE", status: "boom" }))).toBe("");
});

test("a job that is asked to stop says so, until it has", () => {
  const asked = {
    state: "PROGRESS" as const,
    status: "Crawling",
    cancel_requested_at: "2026-05-04T08:00:00Z",
  };

  expect(wordingOf(makeRow(asked))).toEqual({ tone: "cancelling", word: "Cancelling…" });
  expect(waitText(makeJob(asked))).toMatch(/^Asked to stop/);
  expect(statusText(makeJob(asked))).toBe("");
  expect(factsOf(makeJob({ ...asked, current: 3, total: 10, eta_seconds: 9 }))).toEqual(["3 of 10"]);
  expect(wordingOf(makeRow({ ...asked, state: "REVOKED" })).word).toBe("Cancelled");
});

test("the click on cancel is seen before it is answered, and not after a refusal", () => {
  const problem = errorOf("backend-unavailable", "The job store is away.");

  expect(wordingOf(makeRow({}, { ask: { action: "cancel", problem: null } })).tone).toBe("cancelling");
  expect(wordingOf(makeRow({}, { ask: { action: "cancel", problem } })).tone).toBe("waiting");
  expect(wordingOf(makeRow({}, { ask: { action: "retry", problem: null } })).tone).toBe("waiting");
});

test("a refusal says what was not done, why, and when to try again", () => {
  const away = { ...errorOf("backend-unavailable", "The job store is away."), retryAfterSeconds: 2 };
  const told = { ...away, detail: "Send it again in 2 s." };

  expect(refusalText(makeRow())).toBe("");
  expect(refusalText(makeRow({}, { ask: { action: "cancel", problem: null } }))).toBe("");
  expect(refusalText(makeRow({}, { ask: { action: "cancel", problem: away } }))).toBe(
    "Not cancelled. The job store is away. Try again in 2 s.",
  );
  expect(refusalText(makeRow({}, { ask: { action: "retry", problem: told } }))).toBe(
    "Not retried. Send it again in 2 s.",
  );
});

test("an interrupted job says what happened to it, and what it waits for now", () => {
  const interrupted = makeJob({ state: "RETRY", status: LOST });

  expect([statusText(interrupted), waitText(interrupted)]).toEqual([LOST, ""]);
  expect(waitText({ ...interrupted, waiting_for: "slot", queue_position: 2 })).toBe("Queued, position 2");
  expect(waitText({ ...interrupted, waiting_for: "worker" })).toMatch(/^Waiting: no worker serves/);
});

test("a failed attempt says why once, and that there will be another", () => {
  const failed = makeJob({ state: "RETRY", status: "boom", error: errorOf("task-failed", "boom") });

  expect([statusText(failed), waitText(failed)]).toEqual(["", "Trying again soon"]);
  expect(reasonOf(failed)).toEqual({ title: "A title", text: "boom" });
});

test.each([
  ["REVOKED", "cancelled", "Cancelled", { title: "", text: "why" }],
  ["REVOKED", "expired", "Expired", { title: "", text: "No worker started it in time." }],
  ["FAILURE", "worker-lost", "Failed", { title: "Worker lost", text: "why" }],
  ["FAILURE", "timeout", "Failed", { title: "Took too long", text: "why" }],
  ["FAILURE", "task-failed", "Failed", { title: "A title", text: "why" }],
] as const)("a job that is %s by %s says so in plain words", (state, slug, word, reason) => {
  const job = makeJob({ state, error: errorOf(slug, "why"), status: "why" });

  expect(wordingOf(makeRow(job)).word).toBe(word);
  expect(reasonOf(job)).toEqual(reason);
  expect(statusText(job)).toBe("");
});

test("what no person and no task ended was ended by Headway, when it has ended", () => {
  const job = makeJob({ state: "FAILURE", error: { ...errorOf("timeout", "why."), ended_by: "headway" } });

  expect(reasonOf(job).text).toBe("why. Headway ended it.");
  expect(reasonOf({ ...job, state: "RETRY" }).text).toBe("why.");
  expect(reasonOf({ ...job, error: { ...errorOf("cancelled", "why."), ended_by: "client" } }).text).toBe(
    "why.",
  );
});

test("facts name the work, the time left and a second attempt", () => {
  const job = makeJob({ state: "PROGRESS", current: 3, total: 10, eta_seconds: 120, attempt: 2 });

  expect(factsOf(job)).toEqual(["3 of 10", "about 2 min left", "attempt 2"]);
  expect(factsOf({ ...job, state: "RETRY" })).toEqual(["3 of 10", "attempt 2"]);
  expect(factsOf({ ...job, state: "FAILURE" })).toEqual(["stopped at 3 of 10", "attempt 2"]);
  expect(factsOf({ ...job, state: "SUCCESS" })).toEqual(["attempt 2"]);
  expect(factsOf(job, true)).toContain("goes on where it stopped");
  expect(factsOf({ ...job, state: "RETRY" }, true)).not.toContain("goes on where it stopped");
});

test("names read as words and ids are short", () => {
  expect(sentenceCase("demo.word_statistics")).toBe("Word statistics");
  expect(shortId("9f3c1a2b4d5e6f708192")).toBe("9f3c1a2b");
  expect(shortId("job-7")).toBe("job-7");
});

test.each([
  ["/status/abc", "abc"],
  ["http://internal:8000/x/status/abc?y=1", "abc"],
  ["/status/abc/", "abc"],
  [null, null],
  ["", null],
])("the id in Location %j is %j", (location, id) => {
  expect(idFromLocation(location)).toBe(id);
});
