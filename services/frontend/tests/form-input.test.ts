// One input, typed or written: the switch between form and JSON loses nothing, and what is stored holds no secret.
import { expect, test } from "vitest";
import { fieldsOf } from "../src/core/form";
import { asForm, asText, inputOf, openInput, readInputOf } from "../src/core/form-input";
import { withoutSecrets } from "../src/core/form-secrets";
import type { Schema } from "../src/core/schema";

const SCHEMA: Schema = {
  $defs: {
    Login: {
      type: "object",
      properties: { user: { type: "string" }, key: { writeOnly: true, type: "string" } },
    },
  },
  properties: {
    name: { type: "string" },
    pages: { type: "integer", default: 3 },
    password: { type: "string", format: "password" },
    login: { $ref: "#/$defs/Login" },
    logins: { type: "array", items: { $ref: "#/$defs/Login" } },
    other: { anyOf: [{ type: "integer" }, { $ref: "#/$defs/Login" }] },
  },
  required: ["name"],
};
const fields = fieldsOf(SCHEMA, 4);
const secrets = {
  name: "n",
  password: "p1",
  login: { user: "u", key: "p2" },
  logins: [{ user: "v", key: "p3" }],
  other: { user: "w", key: "p4" },
};

test("the text says what the form says, and the form what the text says", () => {
  const written = asText(fields, inputOf(fields, { name: "a", pages: 7 }));
  const edited = asForm(fields, { ...written, json: '{"name": "b", "pages": 9007199254740993}' });

  expect(written.json).toBe('{\n  "name": "a",\n  "pages": 7\n}');
  expect(edited).toMatchObject({ json: null, draft: { name: "b", pages: "9007199254740993" } });
});

test("a text that was not touched gives the form back as it was, with its mistakes", () => {
  const input = { ...inputOf(fields, { name: "a" }), draft: { name: "a", pages: "many" } };
  const written = asText(fields, input);

  expect(JSON.parse(written.json ?? "")).toEqual({ name: "a", pages: "many" });
  expect(asForm(fields, written)).toMatchObject({ draft: { pages: "many" } });
});

test.each([
  ["{", /not JSON yet/],
  ["", /Write a JSON object/],
  ["[1]", /one JSON object/],
  ["3", /one JSON object/],
  ['{"colour": 1}', /no field for “colour”/],
])("the text %s stays, and the switch says why", (json, why) => {
  const written = { ...asText(fields, inputOf(fields, { name: "a" })), json };

  expect(asForm(fields, written)).toEqual({ error: expect.stringMatching(why) });
});

test("JSON goes to the server as it is, whatever the schema says", () => {
  const input = inputOf(fields, { colour: "red" });

  expect(input.json).toContain("colour");
  expect(readInputOf(fields, input)).toEqual({ args: { colour: "red" }, errors: {}, jsonError: null });
});

test("no password is kept, wherever it stands", () => {
  const kept = withoutSecrets(fields, secrets);

  expect(kept).toEqual({ name: "n", login: { user: "u" }, logins: [{ user: "v" }] });
});

test("no password is kept of a draft, typed or written", () => {
  const typed = inputOf(fields, secrets);
  const odd = inputOf(fields, { name: "n", password: 7, login: { key: 8, more: 9 } });
  const stored = [typed, odd, asText(fields, typed), { ...typed, json: '{"password": "p1"' }].map((input) =>
    openInput(fields, input),
  );

  expect(JSON.stringify(stored)).not.toMatch(/p\d|7|8/);
  expect(stored[0]?.draft.login).toEqual({ user: "u" });
  expect(stored[3]).toBeNull();
});
