// JSON as people read it: short lists stay on their line, long ones open up, and every digit is kept.
import { isScalar } from "./exact-json";

const WIDTH = 72;
/** Nobody reads deeper; a value that lies there is written on its line. */
const DEEPEST = 60;

/** The value in lines, at most `most` of them: what is longer is not laid out at all. */
export function prettyLines(value: unknown, most = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = [];
  lay(value, "", "", "", { lines, most });
  return lines;
}

type Page = { lines: string[]; most: number };

/** Gives back false when the page is full. `lead` is the key before the value, `tail` the comma behind it. */
function lay(value: unknown, indent: string, lead: string, tail: string, page: Page): boolean {
  const isFlat = isPlain(value) || indent.length / 2 >= DEEPEST;
  const line = isFlat ? flat(value) : onOneLine(value as object, WIDTH - indent.length - lead.length);
  if (line !== null) return put(indent + lead + line + tail, page);
  const isList = Array.isArray(value);
  if (!put(indent + lead + (isList ? "[" : "{"), page)) return false;
  const names = Object.keys(value as object);
  const last = names.at(-1);
  for (const name of names) {
    const child = (value as Record<string, unknown>)[name];
    const key = isList ? "" : `${JSON.stringify(name)}: `;
    if (!lay(child, `${indent}  `, key, name === last ? "" : ",", page)) return false;
  }
  return put(indent + (isList ? "]" : "}") + tail, page);
}

function put(line: string, page: Page): boolean {
  if (page.lines.length >= page.most) return false;
  page.lines.push(line);
  return true;
}

function isPlain(value: unknown): boolean {
  return value === null || isScalar(value);
}

/** A list or an object of plain values, if it fits; a value with values inside opens up. */
function onOneLine(value: object, room: number): string | null {
  const isList = Array.isArray(value);
  const parts: string[] = [];
  let used = 4;
  for (const name in value) {
    const child = (value as Record<string, unknown>)[name];
    if (!isPlain(child) && Object.keys(child as object).length > 0) return null;
    const text = (isList ? "" : `${JSON.stringify(name)}: `) + flat(child);
    used += text.length + 2;
    if (used > room) return null;
    parts.push(text);
  }
  const inside = parts.join(", ");
  return isList ? `[${inside}]` : inside ? `{ ${inside} }` : "{}";
}

/** `stringify` writes the digits of a big whole number as they came. */
function flat(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}
