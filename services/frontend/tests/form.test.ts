// Forms out of schemas as pydantic writes them, and arguments out of forms.
import { expect, test } from "vitest";
import { fieldsOf } from "../src/core/form";
import { placeErrors } from "../src/core/form-errors";
import { fill, jsonErrorOf } from "../src/core/form-read";
import { emptyDraft } from "../src/core/form-write";
import type { Schema } from "../src/core/schema";

const REPORT: Schema = {
  type: "object",
  $defs: { Colour: { enum: ["red", "green"], title: "Colour", type: "string" } },
  properties: {
    pages: { default: 10, exclusiveMinimum: 0, maximum: 500, title: "Pages", type: "integer" },
    month: { title: "Month", type: "string", description: "Which month." },
    body: { type: "string", maxLength: 5000 },
    note: { type: "string", format: "textarea" },
    link: { type: "string", format: "uri", maxLength: 2083 },
    ratio: { type: "number", exclusiveMinimum: 0 },
    draft: { default: true, type: "boolean" },
    colour: { $ref: "#/$defs/Colour" },
    shade: { anyOf: [{ $ref: "#/$defs/Colour" }, { type: "null" }], default: null },
    sure: { anyOf: [{ type: "boolean" }, { type: "null" }], default: null },
    limit: { anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }], default: null },
    wrapped: { allOf: [{ $ref: "#/$defs/Colour" }], default: "green" },
    kind: { const: "monthly" },
    level: {
      oneOf: [
        { const: 1, title: "low" },
        { const: 2, title: "high" },
      ],
    },
    tags: { type: "array", items: { type: "string" }, default: ["x"] },
    either: { anyOf: [{ type: "integer" }, { type: "string" }] },
    anything: {},
  },
  required: ["month", "colour"],
};
const fields = fieldsOf(REPORT);
const named = (name: string) => fields.find((field) => field.name === name);
const draft = () => ({ ...emptyDraft(fields), month: "May", colour: "0" });

test.each([
  ["month", { kind: "text", isLong: false }],
  ["body", { kind: "text", isLong: true }],
  ["note", { kind: "text", isLong: true }],
  ["link", { kind: "text", isLong: false, format: "uri" }],
  ["pages", { kind: "number", isWhole: true, minimum: 1, maximum: 500, limits: "1 to 500" }],
  ["ratio", { kind: "number", isWhole: false, minimum: null, limits: "more than 0" }],
  ["draft", { kind: "boolean" }],
  ["colour", { kind: "choice", choices: [{ value: "red" }, { value: "green" }] }],
  ["shade", { kind: "choice" }],
  ["sure", { kind: "choice", choices: [{ value: true }, { value: false }] }],
  ["wrapped", { kind: "choice" }],
  ["kind", { kind: "choice" }],
  ["level", { kind: "choice", choices: [{ label: "low" }, { label: "high" }] }],
  ["tags", { kind: "json" }],
  ["either", { kind: "json" }],
  ["anything", { kind: "json" }],
])("%s is typed in as it should be", (name, shape) => {
  expect(named(name)?.shape).toMatchObject(shape);
});

test("required fields come first and labels are words", () => {
  expect(fields.slice(0, 2).map((field) => field.name)).toEqual(["month", "colour"]);
  expect(named("colour")?.label).toBe("Colour");
  expect(named("month")?.help).toBe("Which month.");
  expect(named("pages")?.help).toBe("1 to 500.");
});

test("an untouched form gives the defaults and leaves out what has none", () => {
  expect(fill(fields, draft())).toEqual({
    args: {
      month: "May",
      colour: "red",
      pages: 10,
      draft: true,
      shade: null,
      sure: null,
      limit: null,
      wrapped: "green",
      tags: ["x"],
    },
    errors: {},
  });
});

test("values come out with their own types", () => {
  const typed = { ...draft(), pages: " 12 ", ratio: "0.5", level: "1", sure: "1", either: '"7"', limit: "3" };

  expect(fill(fields, typed).args).toMatchObject({
    pages: 12,
    ratio: 0.5,
    level: 2,
    sure: false,
    either: "7",
    limit: 3,
  });
});

test("what cannot be sent is said beside its field", () => {
  const typed = { ...draft(), month: "", colour: "", pages: "501", limit: "1.5", ratio: "much", tags: "[" };
  const { errors } = fill(fields, typed);

  expect(errors).toMatchObject({
    month: "Fill this in.",
    colour: "Choose one.",
    pages: "Allowed: 1 to 500.",
    limit: "Only whole numbers.",
    ratio: "This is not a number.",
  });
  expect(errors.tags).toMatch("This is not JSON yet");
});

test("an emptied text with a default is sent empty, a number is left to its default", () => {
  const plain = fieldsOf({
    properties: { name: { type: "string", default: "x" }, top: { type: "integer", default: 3 } },
  });

  expect(fill(plain, { name: "", top: "" })).toEqual({ args: { name: "" }, errors: {} });
});

test("lengths are counted in characters, not in halves of them", () => {
  const plain = fieldsOf({ properties: { name: { type: "string", maxLength: 2 } } });

  expect(fill(plain, { name: "😀😀" }).errors).toEqual({});
  expect(fill(plain, { name: "abc" }).errors.name).toBe("At most 2 characters; this has 3.");
});

test("JSON errors appear while typing, but not before", () => {
  expect(jsonErrorOf("")).toBeNull();
  expect(jsonErrorOf("[1]")).toBeNull();
  expect(jsonErrorOf("[1")).toMatch("This is not JSON yet");
});

test("errors of the server find their fields by pointer", () => {
  const placed = placeErrors(fields, [
    { pointer: "/args/pages", detail: "too many" },
    { pointer: "/args/pages", detail: "really" },
    { pointer: "/args/tags/0", detail: "not a text" },
    { pointer: "/args/a~1b", detail: "who?" },
    { pointer: "/task", detail: "unknown" },
  ]);

  expect(placed.beside).toEqual({ pages: "too many really", tags: "0: not a text" });
  expect(placed.others).toEqual(["a/b: who?", "unknown"]);
});

test("a schema that refers to itself, or to nothing, still makes a field", () => {
  const loop: Schema = {
    $defs: { Loop: { $ref: "#/$defs/Loop" } },
    properties: { a: { $ref: "#/$defs/Loop" } },
  };

  expect(fieldsOf(loop)[0]?.shape.kind).toBe("json");
  expect(fieldsOf({ properties: { a: { $ref: "#/$defs/No" } } })[0]?.shape.kind).toBe("json");
});
