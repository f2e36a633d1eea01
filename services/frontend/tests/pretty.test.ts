import { expect, test } from "vitest";
import { parseExact } from "../src/core/exact-json";
import { prettyLines } from "../src/core/pretty";

test("short lists and objects stay on their line, others open up", () => {
  const value = { name: "a", list: [1, 2, 3], deep: { a: { b: null } }, none: [], empty: {} };

  const lines = prettyLines(value);

  expect(lines).toEqual([
    "{",
    '  "name": "a",',
    '  "list": [1, 2, 3],',
    '  "deep": {',
    '    "a": { "b": null }',
    "  },",
    '  "none": [],',
    '  "empty": {}',
    "}",
  ]);
});

test("what it lays out is JSON still, and the same", () => {
  const value = {
    "a\n": ['"', "\\", 1e300, -0.5, true, null, [[["x"]]]],
    "": { a: [{ b: {} }] },
    long: ["y".repeat(99)],
  };

  expect(JSON.parse(prettyLines(value).join("\n"))).toEqual(value);
});

test("every digit of a big whole number is kept", () => {
  const text = '{"id":12345678901234567890,"list":[98765432109876543210]}';

  const lines = prettyLines(parseExact(text)).join("\n");

  // An engine without raw JSON loses them while it reads, and nothing can bring them back.
  const isExact = "rawJSON" in JSON;
  expect(lines.includes("12345678901234567890")).toBe(isExact);
  expect(lines.includes("98765432109876543210")).toBe(isExact);
});

test("a very deep value is written without end of the stack", () => {
  let value: unknown = "bottom";
  for (let level = 0; level < 2_000; level++) value = [value];

  const lines = prettyLines(value);

  expect(lines.length).toBeLessThan(200);
  expect(JSON.parse(lines.join(""))).toEqual(value);
});

test("of a huge value only so many lines are laid out, and what is behind them is not looked at", () => {
  const value = Array.from({ length: 100_000 }, (_, index) => ({ index, list: [index] }));
  Object.defineProperty(value, 200, {
    get: () => {
      throw new Error("looked too far");
    },
  });

  expect(prettyLines(value, 100)).toHaveLength(100);
});
