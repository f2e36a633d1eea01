// The form of a task: its fields, as deep as a form can show them, and what may be typed into them.
import { sentenceCase } from "./fmt";
import { holdsSecret, plainSchema, type Schema, type Shape, shapeOf } from "./schema";

/** Their fields are made when they are asked for: a schema that refers to itself would make thousands. */
export type Group = { kind: "group"; fields: () => readonly Field[] };
export type List = { kind: "list"; item: () => Field; minItems: number; maxItems: number };

export type Field = {
  name: string;
  label: string;
  help: string;
  /** What an empty input shows: the schema's first example. */
  example: unknown;
  shape: Shape | Group | List;
  isRequired: boolean;
  isNullable: boolean;
  /** It is, or holds, a password: never stored. */
  isSecret: boolean;
  /** undefined: the task has none, and an empty field is left out. */
  default: unknown;
};

/** The only name in a draft that is the text of a value, because its field has no input for that. No argument has it. */
const AS_JSON = "{}";

/**
 * What stands in an input: text, or a tick. Choices hold their index as text, because values may be of any type.
 * A group holds a draft and a list its items; both are "" when they are left out.
 */
export type Typed = string | boolean | Draft | readonly Typed[];
export type Draft = { [name: string]: Typed };
/** By the path to their field, which is a JSON pointer without its first slash. */
export type Errors = Record<string, string>;

const YES_OR_NO: Shape = {
  kind: "choice",
  choices: [
    { label: "yes", value: true },
    { label: "no", value: false },
  ],
};

/**
 * Required fields come first; within both groups the order is the function's own, or the schema's `x-order`.
 * With `levels` 0 objects and lists are typed as JSON.
 */
export function fieldsOf(schema: Schema, levels = 0, root = schema): Field[] {
  const required = new Set(schema.required ?? []);
  const order = ([, property]: [string, Schema]) => Number(property["x-order"] ?? 0);
  const fields = Object.entries(schema.properties ?? {})
    .sort((one, other) => order(one) - order(other))
    .map(([name, property]) => fieldOf(name, property, root, required.has(name), levels));
  return [...fields.filter((field) => field.isRequired), ...fields.filter((field) => !field.isRequired)];
}

export function asJson(text: string): Draft {
  return { [AS_JSON]: text };
}

/** null: it is typed into inputs. */
export function jsonTextOf(typed: Typed | undefined): string | null {
  const text = typeof typed === "object" ? (typed as Draft)[AS_JSON] : null;
  return typeof text === "string" ? text : null;
}

export function isDraft(typed: Typed | undefined): typed is Draft {
  return typeof typed === "object" && !Array.isArray(typed) && jsonTextOf(typed) === null;
}

export function mayBeLeftOut(field: Field): boolean {
  return !field.isRequired || field.isNullable;
}

function fieldOf(name: string, property: Schema, root: Schema, isRequired: boolean, levels: number): Field {
  const { schema, isNullable } = plainSchema(property, root);
  const plain = deepShape(schema, root, levels) ?? shapeOf(schema);
  // A tick has two states; where null or "left out" is a third one, the three are listed.
  const hasThird = isNullable || (!isRequired && schema.default === undefined);
  const shape = plain.kind === "boolean" && hasThird ? YES_OR_NO : plain;
  return {
    name,
    // The title of the property itself: the one behind a `$ref` names the type, not the argument.
    label: property.title ?? sentenceCase(name),
    help: [schema.description?.trim(), limitsOf(shape)].filter(Boolean).join(" "),
    example: Array.isArray(schema.examples) ? schema.examples[0] : undefined,
    shape,
    isRequired,
    isNullable,
    isSecret: holdsSecret(property, root),
    default: schema.default,
  };
}

function deepShape(schema: Schema, root: Schema, levels: number): Group | List | null {
  if (levels <= 0 || schema.enum || schema.const !== undefined) return null;
  if (schema.type === "object" && Object.keys(schema.properties ?? {}).length > 0) {
    return { kind: "group", fields: once(() => fieldsOf(schema, levels - 1, root)) };
  }
  const { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  if (schema.type !== "array" || !items || typeof items !== "object" || schema.prefixItems) return null;
  const item = once(() => fieldOf("", items, root, true, levels - 1));
  return { kind: "list", item, minItems, maxItems };
}

function limitsOf(shape: Field["shape"]): string {
  if (shape.kind === "number") return shape.limits && `${sentenceStart(shape.limits)}.`;
  if (shape.kind !== "list") return "";
  const { minItems, maxItems } = shape;
  if (minItems > 0 && maxItems < Number.POSITIVE_INFINITY) return `${minItems} to ${maxItems} entries.`;
  if (minItems > 0) return `At least ${minItems}.`;
  return maxItems < Number.POSITIVE_INFINITY ? `At most ${maxItems}.` : "";
}

function sentenceStart(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function once<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
