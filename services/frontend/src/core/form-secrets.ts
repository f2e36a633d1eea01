// Takes passwords out of what is about to be stored: out of arguments and out of drafts, which have the same outline.
import { type Field, jsonTextOf, type Typed } from "./form";
import { isObject } from "./form-write";

export function withoutSecrets<Values extends Record<string, unknown>>(
  fields: readonly Field[],
  values: Values,
): Values {
  const kept = fields.map((field) => [field.name, openPart(field, values[field.name])] as const);
  const open = { ...values, ...Object.fromEntries(kept) };
  return Object.fromEntries(Object.entries(open).filter(([, value]) => value !== undefined)) as Values;
}

/** What might hold a secret at a place that the form does not know is dropped as a whole. */
function openPart(field: Field, value: unknown): unknown {
  if (!field.isSecret) return value;
  const { shape } = field;
  if (shape.kind === "group" && isObject(value) && jsonTextOf(value as Typed) === null) {
    return withoutSecrets(shape.fields(), value);
  }
  if (shape.kind !== "list" || !Array.isArray(value)) return undefined;
  const items = value.map((item) => openPart(shape.item(), item));
  return items.includes(undefined) ? undefined : items;
}
