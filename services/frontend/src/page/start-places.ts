// Where the fields of the form stand on the page: an id for each, and the way to it.

import type { Errors } from "../core/form";
import { toPointer } from "../core/schema";

export const ARGS = "start-args";
export const OPTIONS = "start-options";

export function idOf(inner: string | number, outer: string): string {
  return `${outer}/${toPointer(String(inner))}`;
}

/** Errors by the id of their field. */
export function errorsAt(outer: string, errors: Errors): Errors {
  return Object.fromEntries(Object.entries(errors).map(([path, text]) => [`${outer}/${path}`, text]));
}

export function isWithin(id: string, outer: string): boolean {
  return id === outer || id.startsWith(`${outer}/`);
}

/** The path of a field within the form or the options. */
export function pathIn(outer: string, id: string): string {
  return id.slice(outer.length + 1);
}

/** Unfolds what hides it first. A group or list passes the focus to its first input. */
export function focusOn(id: string): void {
  const element = document.getElementById(id);
  for (let fold = element?.closest("details"); fold; fold = fold.parentElement?.closest("details")) {
    fold.open = true;
  }
  const isInput = element?.matches("input, select, textarea, button");
  (isInput
    ? element
    : (element?.querySelector<HTMLElement>("input, select, textarea, button") ?? element)
  )?.focus();
}
