// Inputs that are kept in the browser: the last ten different ones of each task, and what was typed last.
import { expect, test } from "vitest";
import type { Task } from "../src/core/api";
import { fieldsOf } from "../src/core/form";
import { inputOf } from "../src/core/form-input";
import { KeptInputs } from "../src/core/kept-input";
import { RecentInputs, summaryOf } from "../src/core/recent-inputs";
import { fakeStorage } from "./fake-storage";

const noStorage = () => {
  throw new Error("SecurityError");
};

test("the last ten different inputs are kept, newest first, for each task and prefix", () => {
  const storage = fakeStorage();
  const recents = new RecentInputs(() => storage, "http://h/x/");
  for (let pages = 0; pages < 12; pages++) recents.add("report", { pages }, pages);
  recents.add("report", { pages: 5 }, 99);

  expect(recents.of("report").map(({ at }) => at)).toEqual([99, 11, 10, 9, 8, 7, 6, 4, 3, 2]);
  expect(recents.of("other")).toEqual([]);
  expect(new RecentInputs(() => storage, "http://h/y/").of("report")).toEqual([]);
});

test("they can be cleared, and the task picked last stays", () => {
  const storage = fakeStorage();
  const recents = new RecentInputs(() => storage, "http://h/");
  recents.lastTask = "report";
  recents.add("report", { pages: 1 });

  recents.clear("report");

  expect(recents.of("report")).toEqual([]);
  expect(recents.lastTask).toBe("report");
});

test("one that is too long for a browser's storage is not kept", () => {
  const recents = new RecentInputs(() => storage, "http://h/");
  const storage = fakeStorage();

  recents.add("report", { text: "x".repeat(60_000) });

  expect(recents.of("report")).toEqual([]);
});

test.each(["{", "3", '[1, null, {"at": "x"}, {"at": 1, "args": []}]'])(
  "stored %s counts as nothing",
  (stored) => {
    const storage = fakeStorage({ "headway.inputs / report": stored, "headway.task /": stored });
    const recents = new RecentInputs(() => storage, "http://h/");

    expect(recents.of("report")).toEqual([]);
    expect(recents.lastTask).toBe("");
  },
);

test("a summary is short and leaves out what is empty", () => {
  expect(summaryOf({ month: "2026-11", top_pages: 10, note: null, title: "" })).toBe(
    "month 2026-11, top pages 10",
  );
  expect(summaryOf({})).toBe("no arguments");
  expect(summaryOf({ text: "😀".repeat(99), list: [1, 2] })).toBe(`text ${"😀".repeat(30)}…, list [1,2]`);
});

const SCHEMA = { properties: { name: { type: "string" }, key: { type: "string", format: "password" } } };
const task: Task = { name: "report", description: "", schema: SCHEMA, queue: "default", live_workers: 1 };
const fields = fieldsOf(SCHEMA, 4);

test("what was typed comes back without its password, until the task changes", () => {
  const storage = fakeStorage();
  const kept = new KeptInputs(() => storage, "http://h/");

  kept.keep(task, fields, inputOf(fields, { name: "a", key: "secret" }));

  expect(kept.of(task)).toMatchObject({ draft: { name: "a" }, json: null });
  expect(JSON.stringify(kept.of(task))).not.toContain("secret");
  expect(kept.of({ ...task, schema: {} })).toBeNull();
});

test("without storage nothing is kept and nothing breaks", () => {
  const recents = new RecentInputs(noStorage, "http://h/");
  const kept = new KeptInputs(noStorage, "http://h/");
  recents.add("report", {});
  recents.lastTask = "report";
  kept.keep(task, fields, inputOf(fields, {}));

  expect([recents.of("report"), recents.lastTask, kept.of(task)]).toEqual([[], "", null]);
});
