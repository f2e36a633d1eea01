// What a value is, so that it can be shown as such: a text, a table, or JSON.
import { isScalar, prettyJson, scalarText } from "./exact-json";

export type Shown =
  | { kind: "text"; text: string }
  | { kind: "table"; columns: string[]; rows: string[][] }
  | { kind: "json"; value: unknown };

/** Wider tables are read better as JSON. */
const MOST_COLUMNS = 12;

export function shownOf(value: unknown): Shown {
  if (isScalar(value)) return { kind: "text", text: scalarText(value) };
  return (Array.isArray(value) && tableOf(value)) || { kind: "json", value };
}

/** Of objects whose values are plain: one row each, a column for each name in the order in which they appear. */
function tableOf(list: readonly unknown[]): Shown | null {
  if (list.length === 0 || !list.every(isFlatObject)) return null;
  const columns = new Set<string>();
  for (const each of list) {
    for (const name of Object.keys(each)) columns.add(name);
    if (columns.size > MOST_COLUMNS) return null;
  }
  if (columns.size === 0) return null;
  const names = [...columns];
  return { kind: "table", columns: names, rows: list.map((each) => names.map((name) => cell(each[name]))) };
}

function isFlatObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isScalar(value)) return false;
  return Object.values(value).every((each) => each === null || isScalar(each));
}

function cell(value: unknown): string {
  return value === null || value === undefined ? "" : scalarText(value);
}

/** What a download of the value holds: a text as it is, all else as JSON. */
export function fileOf(value: unknown, name: string): { name: string; type: string; content: string } {
  if (typeof value === "string") return { name: `${name}.txt`, type: "text/plain", content: value };
  return { name: `${name}.json`, type: "application/json", content: `${prettyJson(value)}\n` };
}

export type Piece = { text: string; href: string | null };

/** Cuts a text into plain pieces and addresses. Only http and https can be meant: nothing that could run. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const found of text.matchAll(/\bhttps?:\/\/[^\s"'<>\\]+/gi)) {
    const address = withoutEnd(found[0]);
    if (found.index > from) pieces.push({ text: text.slice(from, found.index), href: null });
    pieces.push({ text: address, href: address });
    from = found.index + address.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), href: null });
  return pieces;
}

/** What ends a sentence, or a bracket around the address, is not part of it. */
function withoutEnd(address: string): string {
  const trimmed = address.replace(/[.,;:!?]+$/, "");
  return /[)\]]$/.test(trimmed) && !/[([]/.test(trimmed) ? trimmed.slice(0, -1) : trimmed;
}
