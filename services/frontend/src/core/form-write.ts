// Into the form: makes what stands in the inputs out of defaults and of given arguments, so that they come out the same.
import { isScalar, prettyJson, scalarText } from "./exact-json";
import { asJson, type Draft, type Field, mayBeLeftOut, type Typed } from "./form";
import { readInput } from "./form-read";

export function emptyDraft(fields: readonly Field[]): Draft {
  return draftOf(fields, {});
}

/** What is not given starts as in an empty form: a task takes its default for it too. */
export function draftOf(fields: readonly Field[], args: Record<string, unknown>): Draft {
  return Object.fromEntries(
    fields.map((field) => [
      field.name,
      Object.hasOwn(args, field.name) ? typedOf(field, args[field.name]) : startOf(field),
    ]),
  );
}

/** The names that no field is for. */
export function strangersIn(fields: readonly Field[], args: Record<string, unknown>): string[] {
  return Object.keys(args).filter((name) => !fields.some((field) => field.name === name));
}

export function startOf(field: Field): Typed {
  const { shape, default: value } = field;
  if (value !== undefined && value !== null) return typedOf(field, value);
  if (shape.kind === "boolean") return false;
  if (shape.kind === "choice") return field.isRequired && shape.choices.length === 1 ? "0" : "";
  if (mayBeLeftOut(field)) return "";
  if (shape.kind === "group") return emptyDraft(shape.fields());
  if (shape.kind === "list") return Array.from({ length: shape.minItems }, () => startOf(shape.item()));
  return "";
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return !isScalar(value) && value !== null && !Array.isArray(value);
}

/** A value that would come out as another one is shown as JSON. */
function typedOf(field: Field, value: unknown): Typed {
  const typed = inputFor(field, value);
  if (typed === null) return asJson(prettyJson(value));
  if (typeof typed === "object") return typed;
  const read = readInput(field, typed);
  // An error stays in its input, to be mended there; but emptiness may be meant.
  const isSame = "error" in read ? typed !== "" : JSON.stringify(read.value) === JSON.stringify(value);
  return isSame ? typed : asJson(prettyJson(value));
}

function inputFor(field: Field, value: unknown): Typed | null {
  const { shape } = field;
  if (value === null && (shape.kind !== "json" || field.isNullable)) return "";
  switch (shape.kind) {
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "choice":
      return choiceFor(shape.choices, value);
    case "text":
      return typeof value === "string" ? value : null;
    case "number":
      return typeof value === "boolean" || isNumeral(value) || !isScalar(value) ? null : scalarText(value);
    case "json":
      return prettyJson(value);
    case "list":
      return Array.isArray(value) ? value.map((item) => typedOf(shape.item(), item)) : null;
    case "group":
      if (!isObject(value) || strangersIn(shape.fields(), value).length > 0) return null;
      return draftOf(shape.fields(), value);
  }
}

/** A text that would come out as a number. */
function isNumeral(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Number(value));
}

function choiceFor(choices: readonly { value: unknown }[], value: unknown): string | null {
  const said = JSON.stringify(value);
  const index = choices.findIndex((choice) => JSON.stringify(choice.value) === said);
  return index >= 0 ? String(index) : null;
}
