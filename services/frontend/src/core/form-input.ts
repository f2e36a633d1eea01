// The whole input of a job: one value, typed into the form or written as JSON.
import { parseExact, prettyJson } from "./exact-json";
import type { Draft, Errors, Field } from "./form";
import { fill, jsonErrorOf } from "./form-read";
import { withoutSecrets } from "./form-secrets";
import { draftOf, isObject, strangersIn } from "./form-write";

export type Input = {
  draft: Draft;
  /** null: the form is shown. */
  json: string | null;
  /** The text that was made of the draft: while it is unchanged, the draft says more than the text. */
  written: string | null;
};
export type InputRead = { args: Record<string, unknown>; errors: Errors; jsonError: string | null };

/** Arguments that the form has no field for are shown as JSON, so that none is lost. */
export function inputOf(fields: readonly Field[], args: Record<string, unknown>): Input {
  const draft = draftOf(fields, args);
  const json = strangersIn(fields, args).length > 0 ? prettyJson(args) : null;
  return { draft, json, written: null };
}

export function asText(fields: readonly Field[], input: Input): Input {
  const text = prettyJson(fill(fields, input.draft).args);
  return { draft: input.draft, json: text, written: text };
}

/** The way back to the form; or why the text has to stay for now. */
export function asForm(fields: readonly Field[], input: Input): Input | { error: string } {
  if (input.json === null || input.json === input.written) return { ...input, json: null, written: null };
  const { args, jsonError } = readText(input.json);
  if (jsonError) return { error: jsonError };
  const strangers = strangersIn(fields, args);
  if (strangers.length > 0) return { error: `The form has no field for “${strangers.join("”, “")}”.` };
  return { draft: draftOf(fields, args), json: null, written: null };
}

/** JSON is not checked against the schema here: the server decides. */
export function readInputOf(fields: readonly Field[], input: Input): InputRead {
  if (input.json !== null) return readText(input.json);
  return { ...fill(fields, input.draft), jsonError: null };
}

/** What of it may be stored: null when a text cannot be searched for its secrets. */
export function openInput(fields: readonly Field[], input: Input): Input | null {
  const draft = withoutSecrets(fields, input.draft);
  if (input.json === null || !fields.some((field) => field.isSecret)) return { ...input, draft };
  const { args, jsonError } = readText(input.json);
  return jsonError ? null : { draft, json: prettyJson(withoutSecrets(fields, args)), written: null };
}

function readText(text: string): InputRead {
  const nothing = { args: {}, errors: {} };
  const error = text.trim() === "" ? "Write a JSON object, at least {}." : jsonErrorOf(text);
  if (error) return { ...nothing, jsonError: error };
  const args = parseExact(text);
  if (isObject(args)) return { args, errors: {}, jsonError: null };
  return { ...nothing, jsonError: "The arguments are one JSON object: {…}." };
}
