// The form of a task: its fields, what is typed into them, the arguments that come out, and the errors beside them.
import { sentenceCase } from "./fmt";
import type { FieldError } from "./problem";
import { fromPointer, plainSchema, type Schema, type Shape, shapeOf } from "./schema";

export type Field = {
  name: string;
  label: string;
  help: string;
  shape: Shape;
  isRequired: boolean;
  isNullable: boolean;
  /** undefined: the task has none, and an empty field is left out. */
  default: unknown;
};

/** What stands in the inputs: text, or a tick. Choices hold their index as text, because values may be of any type. */
export type Draft = Record<string, string | boolean>;
export type Errors = Record<string, string>;
export type Filled = { args: Record<string, unknown>; errors: Errors };

const YES_OR_NO: Shape = {
  kind: "choice",
  choices: [
    { label: "yes", value: true },
    { label: "no", value: false },
  ],
};

/** Required fields come first; within both groups the order is the function's own. */
export function fieldsOf(schema: Schema): Field[] {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([name, property]) =>
    fieldOf(name, property, schema, required.has(name)),
  );
  return [...fields.filter((field) => field.isRequired), ...fields.filter((field) => !field.isRequired)];
}

export function emptyDraft(fields: readonly Field[]): Draft {
  return Object.fromEntries(fields.map((field) => [field.name, startValue(field)]));
}

/** Checks and converts all that was typed. The server checks again; this only saves the way there. */
export function fill(fields: readonly Field[], draft: Draft): Filled {
  const filled: Filled = { args: {}, errors: {} };
  for (const field of fields) {
    const read = readField(field, draft[field.name] ?? "");
    if ("error" in read) filled.errors[field.name] = read.error;
    else if (read.value !== undefined) filled.args[field.name] = read.value;
  }
  return filled;
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

/** Puts the server's errors beside their fields by pointer; what fits no field is for the whole form. */
export function placeErrors(
  fields: readonly Field[],
  errors: readonly FieldError[],
): { beside: Errors; others: string[] } {
  const beside: Errors = {};
  const others: string[] = [];
  for (const { pointer, detail } of errors) {
    const [, args, name, ...inside] = pointer.replace(/^#/, "").split("/").map(fromPointer);
    const field = args === "args" ? fields.find((other) => other.name === name) : undefined;
    if (!field) {
      others.push(name ? `${name}: ${detail}` : detail);
      continue;
    }
    const text = inside.length > 0 ? `${inside.join(" › ")}: ${detail}` : detail;
    beside[field.name] = [beside[field.name], text].filter(Boolean).join(" ");
  }
  return { beside, others };
}

function fieldOf(name: string, property: Schema, root: Schema, isRequired: boolean): Field {
  const { schema, isNullable } = plainSchema(property, root);
  const plain = shapeOf(schema);
  // A tick has two states; where null is a third one, the three are listed.
  const shape: Shape = plain.kind === "boolean" && isNullable ? YES_OR_NO : plain;
  const limits = shape.kind === "number" ? shape.limits : "";
  return {
    name,
    // The title of the property itself: the one behind a `$ref` names the type, not the argument.
    label: property.title ?? sentenceCase(name),
    help: [schema.description?.trim(), limits && `${limits[0]?.toUpperCase()}${limits.slice(1)}.`]
      .filter(Boolean)
      .join(" "),
    shape,
    isRequired,
    isNullable,
    default: schema.default,
  };
}

function startValue(field: Field): string | boolean {
  const { shape, default: value } = field;
  switch (shape.kind) {
    case "boolean":
      return value === true;
    case "choice": {
      const index = shape.choices.findIndex(
        (choice) => JSON.stringify(choice.value) === JSON.stringify(value),
      );
      return index >= 0 ? String(index) : field.isRequired && shape.choices.length === 1 ? "0" : "";
    }
    case "json":
      return value === undefined || value === null ? "" : JSON.stringify(value, null, 2);
    default:
      return value === undefined || value === null ? "" : String(value);
  }
}

type Read = { value: unknown } | { error: string };

function readField(field: Field, typed: string | boolean): Read {
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
    case "json": {
      const error = jsonErrorOf(text);
      return error ? { error } : { value: JSON.parse(text) };
    }
  }
}

/** An empty field is null where null is allowed, an emptied text is "", and all else is left to the task's default. */
function readEmpty(field: Field): Read {
  if (field.isNullable) return { value: null };
  if (field.isRequired) return { error: field.shape.kind === "choice" ? "Choose one." : "Fill this in." };
  const isEmptied = field.shape.kind === "text" && typeof field.default === "string";
  return { value: isEmptied ? "" : undefined };
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
  const isOutside =
    (shape.minimum !== null && value < shape.minimum) || (shape.maximum !== null && value > shape.maximum);
  return isOutside ? { error: `Allowed: ${shape.limits}.` } : { value };
}
