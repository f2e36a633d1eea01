// Out of the form: checks and converts what was typed. The server checks again; this only saves the way there.
import { parseExact } from "./exact-json";
import { type Draft, type Errors, type Field, isDraft, jsonTextOf, type List, type Typed } from "./form";
import { type Shape, toPointer } from "./schema";

export type Filled = { args: Record<string, unknown>; errors: Errors };
export type Read = { value: unknown } | { error: string };

/** What is wrong stands in `args` as it was typed, so that it can be shown as JSON and is not lost. */
export function fill(fields: readonly Field[], draft: Draft): Filled {
  const errors: Errors = {};
  return { args: readGroup(fields, draft, "", errors), errors };
}

/** The live check of a JSON field while it is typed: null when it reads well. */
export function jsonErrorOf(text: string): string | null {
  if (text.trim() === "") return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `This is not JSON yet: ${(error as Error).message}`;
  }
}

export function pathTo(inner: string | number, outer: string): string {
  return `${outer && `${outer}/`}${toPointer(String(inner))}`;
}

/** Reads what is not a group of inputs. */
export function readInput(field: Field, typed: Typed): Read {
  const json = jsonTextOf(typed);
  if (json !== null) return readJson(field, json);
  const { shape } = field;
  if (shape.kind === "boolean") return { value: typed === true };
  const text = String(typed);
  if (shape.kind === "text" ? text === "" : text.trim() === "") return readEmpty(field);
  switch (shape.kind) {
    case "text":
      return readText(text, shape.minLength, shape.maxLength);
    case "number":
      return readNumber(text, shape);
    case "choice":
      return { value: shape.choices[Number(text)]?.value };
    default:
      return readJson(field, text);
  }
}

function readGroup(fields: readonly Field[], draft: Draft, path: string, errors: Errors) {
  const args: Record<string, unknown> = {};
  for (const field of fields) {
    const value = readTyped(field, draft[field.name] ?? "", pathTo(field.name, path), errors);
    if (value !== undefined) args[field.name] = value;
  }
  return args;
}

function readTyped(field: Field, typed: Typed, path: string, errors: Errors): unknown {
  const { shape } = field;
  if (shape.kind === "group" && isDraft(typed)) return readGroup(shape.fields(), typed, path, errors);
  if (shape.kind === "list" && Array.isArray(typed)) return readList(shape, typed, path, errors);
  const read = readInput(field, typed);
  if ("value" in read) return read.value;
  errors[path] = read.error;
  return jsonTextOf(typed) ?? wrongValue(field, String(typed));
}

/** A number that is not allowed is still a number. */
function wrongValue({ shape }: Field, text: string): unknown {
  if (text.trim() === "") return undefined;
  return shape.kind === "number" && Number.isFinite(Number(text)) ? Number(text) : text;
}

function readList(shape: List, typed: readonly Typed[], path: string, errors: Errors): unknown[] {
  const { minItems, maxItems } = shape;
  if (typed.length < minItems) errors[path] = `At least ${minItems}; these are ${typed.length}.`;
  if (typed.length > maxItems) errors[path] = `At most ${maxItems}; these are ${typed.length}.`;
  return typed.map((item, index) => readTyped(shape.item(), item, pathTo(index, path), errors) ?? null);
}

/** An empty field is null where null is allowed, an emptied text is "", and all else is left to the task's default. */
function readEmpty(field: Field): Read {
  const isLeftOut = !field.isRequired && field.default === undefined;
  if (field.isNullable && !isLeftOut) return { value: null };
  if (field.isRequired) return { error: field.shape.kind === "choice" ? "Choose one." : "Fill this in." };
  const isEmptied = field.shape.kind === "text" && typeof field.default === "string";
  return { value: isEmptied ? "" : undefined };
}

function readJson(field: Field, text: string): Read {
  if (text.trim() === "") return readEmpty(field);
  const error = jsonErrorOf(text);
  return error ? { error } : { value: parseExact(text) };
}

function readText(text: string, minLength: number | null, maxLength: number | null): Read {
  const length = [...text].length;
  if (minLength !== null && length < minLength) {
    return { error: `At least ${minLength} characters; this has ${length}.` };
  }
  if (maxLength !== null && length > maxLength) {
    return { error: `At most ${maxLength} characters; this has ${length}.` };
  }
  return { value: text };
}

function readNumber(text: string, shape: Extract<Shape, { kind: "number" }>): Read {
  const value = Number(text.trim());
  if (!Number.isFinite(value)) return { error: "This is not a number." };
  if (shape.isWhole && !Number.isInteger(value)) return { error: "Only whole numbers." };
  const { minimum, maximum, above, below } = shape;
  const isTooLow = (minimum !== null && value < minimum) || (above !== null && value <= above);
  const isTooHigh = (maximum !== null && value > maximum) || (below !== null && value >= below);
  if (isTooLow || isTooHigh) return { error: `Allowed: ${shape.limits}.` };
  // A number of JavaScript would change the last digits of a large one.
  return { value: /^-?[1-9]\d{15,}$/.test(text.trim()) ? parseExact(text) : value };
}
