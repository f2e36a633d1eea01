// The server's errors: each beside the field that its pointer names, as deep as there is one.
import { type Draft, type Errors, type Field, isDraft, type Typed } from "./form";
import { pathTo } from "./form-read";
import type { FieldError } from "./problem";
import { fromPointer } from "./schema";

/** Puts the errors of `args` beside their fields; what fits no field is for the whole form. */
export function placeErrors(
  fields: readonly Field[],
  errors: readonly FieldError[],
  draft: Draft = {},
): { beside: Errors; others: string[] } {
  // A field may be called `constructor`, which every other object has already.
  const beside: Errors = Object.create(null);
  const others: string[] = [];
  for (const { pointer, detail } of errors) {
    const [, args, ...steps] = pointer.replace(/^#/, "").split("/").map(fromPointer);
    const place = args === "args" ? placeOf(fields, steps, draft) : null;
    if (!place) {
      others.push(steps.length > 0 ? `${steps.join(" › ")}: ${detail}` : detail);
      continue;
    }
    const text = place.inside.length > 0 ? `${place.inside.join(" › ")}: ${detail}` : detail;
    beside[place.path] = [beside[place.path], text].filter(Boolean).join(" ");
  }
  return { beside, others };
}

/** The labels on the way to a field, as people read them: "Lines › 1 › Sku". They count from one. */
export function labelAt(fields: readonly Field[], path: string): string {
  const [name = "", ...inner] = path.split("/").map(fromPointer);
  let field = fields.find((other) => other.name === name);
  const labels = [field?.label ?? name];
  for (const step of inner) {
    const { shape } = field ?? {};
    const isList = shape?.kind === "list";
    if (isList) field = shape.item();
    else field = shape?.kind === "group" ? shape.fields().find((other) => other.name === step) : undefined;
    labels.push(isList ? String(Number(step) + 1) : (field?.label ?? step));
  }
  return labels.join(" › ");
}

type Place = { path: string; inside: string[] };

function placeOf(fields: readonly Field[], steps: readonly string[], draft: Draft): Place | null {
  let field = fields.find((other) => other.name === steps[0]);
  if (!field) return null;
  let typed = draft[field.name];
  let path = pathTo(field.name, "");
  let depth = 1;
  for (const step of steps.slice(1)) {
    const inner: { field: Field; typed: Typed | undefined } | null = innerOf(field, typed, step);
    if (!inner) break;
    ({ field, typed } = inner);
    path = pathTo(step, path);
    depth++;
  }
  return { path, inside: steps.slice(depth) };
}

function innerOf({ shape }: Field, typed: Typed | undefined, step: string) {
  if (shape.kind === "list" && Array.isArray(typed) && typed[Number(step)] !== undefined) {
    return { field: shape.item(), typed: typed[Number(step)] as Typed };
  }
  if (shape.kind !== "group" || !isDraft(typed)) return null;
  const field = shape.fields().find((other) => other.name === step);
  return field ? { field, typed: typed[step] } : null;
}
