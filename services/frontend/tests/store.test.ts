// The store believes the newest version of a job and nothing else.
import { beforeEach, expect, test } from "vitest";
import { applyEvent } from "../src/core/job-events";
import { isOver, JobStore } from "../src/core/store";
import { makeJob } from "./make-job";

let store: JobStore;
const event = (type: string, data: unknown) => ({ type, data: JSON.stringify(data), lastEventId: "" });
beforeEach(() => {
  store = new JobStore();
  store.add("a");
});

test("an update changes the named fields and keeps the rest", () => {
  applyEvent(store, event("snapshot", makeJob({ version: 3, status: "Loading" })));
  applyEvent(store, event("update", { id: "a", version: 4, current: 5, total: 10, percent: 50 }));

  expect(store.job("a")).toMatchObject({ version: 4, status: "Loading", percent: 50 });
});

test("a field that went away is null", () => {
  applyEvent(store, event("snapshot", makeJob({ eta_seconds: 9 })));
  applyEvent(store, event("update", { id: "a", version: 2, eta_seconds: null }));

  expect(store.job("a")?.eta_seconds).toBeNull();
});

test("old versions are dropped", () => {
  applyEvent(store, event("snapshot", makeJob({ version: 5, state: "SUCCESS" })));
  applyEvent(store, event("update", { id: "a", version: 4, state: "PROGRESS" }));
  applyEvent(store, event("snapshot", makeJob({ version: 4, state: "PROGRESS" })));

  expect(store.job("a")).toMatchObject({ version: 5, state: "SUCCESS" });
});

test("an update of a job without document means nothing", () => {
  applyEvent(store, event("update", { id: "a", version: 9, state: "SUCCESS" }));

  expect(store.job("a")).toBeNull();
});

test("a replayed stream ends in the same rows and draws nothing", () => {
  const story = [
    event("snapshot", makeJob({ version: 1 })),
    event("update", { id: "a", version: 2, state: "PROGRESS", current: 1 }),
    event("log", { id: "a", text: "step", at: "2026-01-01T00:00:00Z" }),
    event("update", { id: "a", version: 3, state: "SUCCESS", result: 42 }),
  ];
  for (const told of story) applyEvent(store, told);
  const before = store.all()[0];

  for (const told of story) applyEvent(store, told);

  expect(store.all()[0]).toBe(before);
});

test("a line that a task says twice at one time is shown twice, however often the stream tells it", () => {
  const said = { id: "a", text: "trying again", at: "2026-01-01T00:00:00Z" };
  const told = ["4-1", "4-2", "4-1", "4-2"].map((line) => event("log", { ...said, line }));

  for (const each of told) applyEvent(store, each);

  expect(store.all()[0]?.log.map(({ line, text }) => [line, text])).toEqual([
    ["4-1", "trying again"],
    ["4-2", "trying again"],
  ]);
});

test("a waiting job moves up in the line without a new version", () => {
  applyEvent(store, event("snapshot", makeJob({ version: 1, waiting_for: "worker", queue_position: 3 })));

  applyEvent(store, event("update", { id: "a", version: 1, waiting_for: "slot", queue_position: 1 }));

  expect(store.job("a")).toMatchObject({ version: 1, waiting_for: "slot", queue_position: 1 });
});

test("a whole number above 2^53 keeps its digits", () => {
  const data = JSON.stringify(makeJob()).replace("}", ',"result":12345678901234567890}');
  applyEvent(store, { type: "snapshot", data, lastEventId: "" });

  expect(JSON.stringify(store.job("a")?.result)).toBe("12345678901234567890");
});

test("broken and unknown events do no harm", () => {
  expect(applyEvent(store, { type: "update", data: "{", lastEventId: "" })).toBeNull();
  expect(applyEvent(store, event("fanfare", { id: "a" }))).toBeNull();
  expect(applyEvent(store, event("snapshot", null))).toBeNull();
});

test("an end whose last change was missed asks for the document", () => {
  applyEvent(store, event("snapshot", makeJob({ state: "PROGRESS" })));

  expect(applyEvent(store, event("end", { id: "a", state: "SUCCESS", version: 8 }))).toBe("a");
});

test("an end that was seen coming asks for nothing", () => {
  applyEvent(store, event("snapshot", makeJob({ state: "SUCCESS" })));

  expect(applyEvent(store, event("end", { id: "a", state: "SUCCESS", version: 1 }))).toBeNull();
});

test.each([
  [404, "missing"],
  [410, "expired"],
])("a job answered with %i is %s and not followed any more", (status, standing) => {
  applyEvent(store, event("missing", { id: "a", status, detail: "gone" }));

  expect(store.all()[0]?.standing).toBe(standing);
  expect(store.unfinishedIds()).toEqual([]);
});

test("newest jobs stand first, and a replayed submit makes one row", () => {
  store.add("b", makeJob({ id: "b" }));
  store.add("b", makeJob({ id: "b" }));

  expect(store.all().map((row) => row.id)).toEqual(["b", "a"]);
});

test("a click has a row before it has an id, and keeps it", () => {
  const key = store.addSubmitting();
  expect(store.unfinishedIds()).toEqual(["a"]);

  store.accept(key, "c");

  expect(store.all()[0]).toMatchObject({ key, id: "c", standing: "loading" });
  expect(store.unfinishedIds()).toEqual(["c", "a"]);
});

test("a job that had ended goes on with a newer version", () => {
  applyEvent(store, event("snapshot", makeJob({ version: 3, state: "FAILURE", result: 1 })));
  expect(store.unfinishedIds()).toEqual([]);

  store.putJob(makeJob({ version: 4, state: "RETRY" }));

  expect(store.unfinishedIds()).toEqual(["a"]);
  expect(store.job("a")?.result).toBeUndefined();
});

test("only what the job's links offer can be asked of it", () => {
  store.putJob(makeJob({ links: { cancel: "/jobs/a/cancel" } }));

  expect(store.beginAsk("a", "retry")).toBe(false);
  expect(store.beginAsk("b", "cancel")).toBe(false);
  expect(store.beginAsk("a", "cancel")).toBe(true);
});

test("a row whose retry is under way is not cleared", () => {
  store.putJob(makeJob({ state: "FAILURE", links: { retry: "/jobs/a/retry" } }));
  store.beginAsk("a", "retry");

  expect(store.clear(isOver)).toEqual([]);
});

test("clearing takes what is over and leaves what runs or is being sent", () => {
  store.add("b", makeJob({ id: "b", state: "FAILURE" }));
  store.addSubmitting();

  expect(store.clear(isOver)).toEqual(["b"]);
  expect(store.all().map((row) => row.standing)).toEqual(["submitting", "loading"]);
});
