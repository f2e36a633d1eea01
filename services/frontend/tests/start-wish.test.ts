// What the start panel sends, and where the server's objections stand.
import { expect, test } from "vitest";
import { Api, type Task } from "../src/core/api";
import { fieldsOf } from "../src/core/form";
import { asText, inputOf } from "../src/core/form-input";
import { emptyDraft } from "../src/core/form-write";
import { optionFieldsOf } from "../src/core/job-options";
import { localTimeOf, momentOf } from "../src/core/local-time";
import { problemOf } from "../src/core/problem";
import { labelOf, readWish, refusalOf, withoutErrorsAt } from "../src/page/start-wish";

const SCHEMA = {
  properties: {
    month: { type: "string" },
    lines: {
      type: "array",
      title: "Order lines",
      items: { properties: { sku: { type: "string" } }, type: "object" },
    },
  },
  required: ["month"],
};
const task: Task = { name: "report", description: "", schema: SCHEMA, queue: "slow", live_workers: 1 };
const fields = { args: fieldsOf(SCHEMA, 4), options: optionFieldsOf(task) };
const untouched = emptyDraft(fields.options);
const input = inputOf(fields.args, { month: "May", lines: [{ sku: "a" }] });
const refused = problemOf({
  errors: [
    { pointer: "/args/lines/0/sku", detail: "unknown" },
    { pointer: "/tags/0", detail: "too long" },
    { pointer: "/queue", detail: "no such queue" },
    { pointer: "/args", detail: "too large" },
  ],
});

test("only the options that were changed are sent", () => {
  const options = { ...untouched, priority: "0", tags: ["demo"], countdown: "1.5" };

  expect(readWish(fields, { input, options: untouched }).wish.options).toEqual({});
  expect(readWish(fields, { input, options }).wish).toEqual({
    args: { month: "May", lines: [{ sku: "a" }] },
    options: { priority: "high", tags: ["demo"], countdown: 1.5 },
  });
});

test("errors of arguments and options have the ids of their inputs", () => {
  const typing = {
    input: inputOf(fields.args, {}),
    options: { ...untouched, timeout: "-1", max_retries: "101" },
  };

  expect(Object.keys(readWish(fields, typing).errors)).toEqual([
    "start-args/month",
    "start-options/timeout",
    "start-options/max_retries",
  ]);
});

test("the server's objections stand beside arguments and options, the rest above all", () => {
  const refusal = refusalOf(fields, { input, options: { ...untouched, tags: ["demo"] } }, refused);

  expect(refusal).toEqual({
    errors: {
      "start-args/lines/0/sku": "unknown",
      "start-options/tags/0": "too long",
      "start-options/queue": "no such queue",
    },
    others: ["too large"],
  });
});

test("arguments that are written as JSON have their errors said with their path", () => {
  const { others } = refusalOf(fields, { input: asText(fields.args, input), options: untouched }, refused);

  expect(others).toEqual(["lines › 0 › sku: unknown", "too large"]);
});

test("fields are called by their labels, and places in lists counted from one", () => {
  expect(labelOf(fields, "start-args/lines/0/sku")).toBe("Order lines › 1 › Sku");
  expect(labelOf(fields, "start-options/timeout")).toBe("Time limit in seconds");
  expect(labelOf(fields, "start-args")).toBe("Arguments as JSON");
  expect(labelOf(fields, "start-args/gone/1")).toBe("gone › 1");
});

test("a change takes away the errors of the field and its parts, not those of its neighbours", () => {
  const errors = { "start-args/line": "a", "start-args/lines": "b", "start-args/lines/0/sku": "c" };

  expect(withoutErrorsAt(errors, "start-args/lines")).toEqual({ "start-args/line": "a" });
});

test("options cannot replace the task and its arguments, and large numbers leave the page whole", async () => {
  const bodies: string[] = [];
  const fetch = async (_url: unknown, init?: RequestInit) => {
    bodies.push(String(init?.body));
    return new Response("{}", { status: 202, headers: { Location: "/status/1" } });
  };
  const typing = { input: { ...input, json: '{"n": 9007199254740993}' }, options: untouched };
  const { wish } = readWish(fields, typing);

  await new Api("http://h/", fetch as typeof globalThis.fetch).startJob("report", wish.args, "k", {
    task: "other",
    priority: "low",
  });

  expect(bodies).toEqual(['{"task":"report","priority":"low","args":{"n":9007199254740993}}']);
});

test("a moment is shown as local time and sent with its zone", () => {
  const local = "2026-11-25T10:00";

  expect(localTimeOf(momentOf(local))).toBe(local);
  expect(momentOf(local)).toMatch(/^2026-11-2\dT\d\d:\d\d:00Z$/);
  expect(localTimeOf("tomorrow")).toBeNull();
  expect(momentOf("")).toBe("");
});
