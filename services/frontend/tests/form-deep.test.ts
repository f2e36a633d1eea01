// Deep forms: every value that goes in comes out the same, and errors find their way to the innermost field.
import { expect, test } from "vitest";
import { parseExact } from "../src/core/exact-json";
import { fieldsOf, jsonTextOf } from "../src/core/form";
import { placeErrors } from "../src/core/form-errors";
import { fill } from "../src/core/form-read";
import { draftOf, emptyDraft } from "../src/core/form-write";
import type { Schema } from "../src/core/schema";

const ORDER: Schema = {
  $defs: {
    Size: { enum: ["s", "m"], title: "Size", type: "string" },
    Address: {
      type: "object",
      title: "Address",
      properties: {
        street: { type: "string", title: "Street" },
        zip: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
      },
      required: ["street"],
    },
    Line: {
      type: "object",
      properties: {
        sku: { type: "string" },
        count: { type: "integer", default: 1, minimum: 1 },
        to: { anyOf: [{ $ref: "#/$defs/Address" }, { type: "null" }], default: null },
      },
      required: ["sku"],
    },
    Tree: {
      type: "object",
      properties: {
        name: { type: "string" },
        parts: { type: "array", items: { $ref: "#/$defs/Tree" }, default: [] },
      },
      required: ["name"],
    },
  },
  properties: {
    customer: { type: "string" },
    address: { $ref: "#/$defs/Address" },
    billing: { anyOf: [{ $ref: "#/$defs/Address" }, { type: "null" }], default: null },
    lines: { type: "array", items: { $ref: "#/$defs/Line" }, minItems: 1, maxItems: 3 },
    sizes: { type: "array", items: { $ref: "#/$defs/Size" }, default: ["m"] },
    note: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
    remark: { type: "string" },
    due: { type: "string", format: "date-time" },
    number: { type: "integer" },
    ratio: { anyOf: [{ type: "number" }, { type: "null" }], default: 0.5 },
    gift: { type: "boolean", default: false },
    maybe: { type: "boolean" },
    level: { anyOf: [{ enum: [1, "1", null] }], default: 1 },
    labels: { type: "object", additionalProperties: { type: "string" } },
    either: { anyOf: [{ type: "integer" }, { type: "string" }] },
    pair: { type: "array", prefixItems: [{ type: "integer" }, { type: "string" }] },
    tree: { $ref: "#/$defs/Tree" },
    odd: { type: "string", "x-unknown": true, if: {}, dependentSchemas: {} },
  },
  required: ["customer", "address", "lines"],
};
const fields = fieldsOf(ORDER, 4);
const WHOLE = {
  customer: "Ada",
  address: { street: "Main St", zip: null },
  billing: null,
  lines: [{ sku: "a", count: 1, to: null }],
  sizes: ["m"],
  note: null,
  ratio: 0.5,
  gift: false,
  level: 1,
};

test.each([
  ["the least there is", {}],
  ["a group that may be left out", { billing: { street: "B", zip: "1" } }],
  ["groups in lists in groups", { lines: [{ sku: "a", count: 2, to: { street: "C", zip: null } }] }],
  ["more entries than allowed", { lines: [1, 2, 3, 4].map((count) => ({ sku: "x", count, to: null })) }],
  ["no entries where some are the default", { sizes: [] }],
  ["an empty text beside null", { note: "" }],
  ["an empty text that may be left out", { remark: "" }],
  ["an empty text where one is required", { customer: "", address: { street: "", zip: "" } }],
  ["text of several lines", { remark: "one\ntwo\t“three” 😀 </script>" }],
  ["a time with a zone", { due: "2026-11-25T09:00:00.123456+02:00" }],
  ["numbers", { number: -3, ratio: 1e-7 }],
  ["null where a default is another", { ratio: null, level: null }],
  ["a choice that looks like another", { level: "1" }],
  ["ticks with a third state", { maybe: false }],
  ["free objects", { labels: { a: "b", "c/d": "~" } }],
  ["unions", { either: "7" }],
  ["tuples", { pair: [1, "a"] }],
  ["a tree deeper than any form", { tree: tree(7) }],
  ["texts where numbers belong", { number: "12", ratio: "much" }],
  ["a list of another kind", { lines: "none", sizes: ["xxl", 3, null] }],
  ["a group with a field too many", { address: { street: "A", zip: null, planet: "Mars" } }],
  ["a group of another kind", { address: [], billing: 3 }],
  ["nothing where something belongs", { remark: null, number: null, gift: null, tree: null }],
])("what goes in comes out the same: %s", (_what, part) => {
  const args = { ...WHOLE, ...part };

  const draft = draftOf(fields, args);

  expect(fill(fields, draft).args).toEqual(args);
  expect(fill(fields, JSON.parse(JSON.stringify(draft))).args).toEqual(args); // as from a storage
});

test("what an untouched form gives, goes in and comes out again", () => {
  const once = fill(fields, emptyDraft(fields)).args;

  expect(fill(fields, draftOf(fields, once)).args).toEqual(once);
  expect(once).toMatchObject({ lines: [{ count: 1, to: null }], sizes: ["m"], ratio: 0.5 });
});

test("large whole numbers keep their digits", () => {
  const args = parseExact('{"number": 9007199254740993, "either": 9223372036854775807}');

  const { args: read } = fill(fields, {
    ...draftOf(fields, args as Record<string, unknown>),
    customer: "Ada",
  });

  expect(JSON.stringify(read)).toContain('"number":9007199254740993');
  expect(JSON.stringify(read)).toContain('"either":9223372036854775807');
});

test("a value without a place in its input is shown as JSON, and only that value", () => {
  const draft = draftOf(fields, { ...WHOLE, number: "12", address: { street: 5, zip: null } });

  expect(jsonTextOf(draft.number)).toBe('"12"');
  expect(jsonTextOf(draft.address)).toBeNull();
  expect(jsonTextOf((draft.address as { street: string }).street)).toBe("5");
});

test("errors stand at the innermost input", () => {
  const draft = draftOf(fields, { ...WHOLE, lines: [{ sku: "a", count: 0 }, {}], sizes: Array(2).fill("m") });

  expect(fill(fields, { ...draft, lines: [...(draft.lines as []), "{"] }).errors).toMatchObject({
    "lines/0/count": "Allowed: at least 1.",
    "lines/1/sku": "Fill this in.",
  });
  expect(fill(fields, { ...draft, lines: [] }).errors.lines).toBe("At least 1; these are 0.");
});

test("errors of the server go as deep as there are inputs", () => {
  const draft = draftOf(fields, { ...WHOLE, labels: { a: "b" } });

  const placed = placeErrors(
    fields,
    [
      { pointer: "/args/lines/0/to/street", detail: "missing" },
      { pointer: "/args/lines/0/sku", detail: "no such thing" },
      { pointer: "/args/lines/7/sku", detail: "where?" },
      { pointer: "/args/address/planet", detail: "unknown" },
      { pointer: "/args/labels/a", detail: "not a text" },
      { pointer: "/args/who", detail: "The task has no such argument" },
    ],
    draft,
  );

  expect(placed.beside).toEqual({
    "lines/0/to": "street: missing",
    "lines/0/sku": "no such thing",
    lines: "7 › sku: where?",
    address: "planet: unknown",
    labels: "a: not a text",
  });
  expect(placed.others).toEqual(["who: The task has no such argument"]);
});

test("fields may be put in another order than the function's", () => {
  const properties = { a: { type: "string", "x-order": 2 }, b: { type: "string", "x-order": 1 } };

  expect(fieldsOf({ properties }, 4).map((field) => field.name)).toEqual(["b", "a"]);
});

test("an argument may have the name of what every object has", () => {
  const own = fieldsOf(
    { properties: { constructor: { type: "string" } as Schema, x: { type: "integer" } } },
    4,
  );

  expect(fill(own, emptyDraft(own))).toEqual({ args: {}, errors: {} });
});

test("whatever JSON is put in, it comes out whole, and a second time the same", () => {
  const random = randomFrom(7);
  for (let round = 0; round < 500; round++) {
    const args = Object.fromEntries(
      fields.filter(() => random() < 0.6).map((field) => [field.name, anyJson(random, 3)]),
    );

    const once = fill(fields, draftOf(fields, args)).args;

    expect(once).toMatchObject(args); // what was left out takes its default
    expect(fill(fields, draftOf(fields, once)).args).toEqual(once);
  }
});

const SCALARS = [null, true, false, 0, -1, 2.5, "", "1", "s", "m", "true", "null", "{", "\n"];
const NAMES = ["street", "zip", "sku", "count", "to", "name", "parts", "{}", "a/b", "constructor"];

function anyJson(random: () => number, levels: number): unknown {
  const pick = <Value>(values: readonly Value[]) => values[Math.floor(random() * values.length)] as Value;
  const kind = levels > 0 ? random() : 0;
  if (kind < 0.4) return pick(SCALARS);
  const size = Math.floor(random() * 4);
  if (kind < 0.6) return Array.from({ length: size }, () => anyJson(random, levels - 1));
  return Object.fromEntries(Array.from({ length: size }, () => [pick(NAMES), anyJson(random, levels - 1)]));
}

/** The same numbers each time, so that a failure can be looked at. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function tree(levels: number): unknown {
  return { name: `level ${levels}`, parts: levels > 1 ? [tree(levels - 1)] : [] };
}
