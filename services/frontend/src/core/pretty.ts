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
  if (page.lines.length >= page.most) return false;
  const room = WIDTH - indent.length - lead.length;
  const isFlat = isScalar(value) || value === null || indent.length / 2 >= DEEPEST;
  const line = isFlat ? flat(value) : onOneLine(value as object, room);
  if (line !== null) {
    page.lines.push(indent + lead + line + tail);
    return true;
  }
  const isList = Array.isArray(value);
  page.lines.push(indent + lead + (isList ? "[" : "{"));
  const names = isList ? null : Object.keys(value as object);
  const length = names ? names.length : (value as unknown[]).length;
  for (let index = 0; index < length; index++) {
    const name = names?.[index];
    const child = name === undefined ? (value as unknown[])[index] : (value as Record<string, unknown>)[name];
    const key = name === undefined ? "" : `${JSON.stringify(name)}: `;
    if (!lay(child, `${indent}  `, key, index + 1 < length ? "," : "", page)) return false;
  }
  page.lines.push(indent + (isList ? "]" : "}") + tail);
  return true;
}

/** A list or an object of plain values, if it fits; a value with values inside opens up. */
function onOneLine(value: object, room: number): string | null {
  const isList = Array.isArray(value);
  const parts: string[] = [];
  let used = 4;
  for (const name of isList ? value.keys() : Object.keys(value)) {
    const child = (value as Record<string | number, unknown>)[name];
    if (!isScalar(child) && child !== null && !isEmpty(child as object)) return null;
    const text = (isList ? "" : `${JSON.stringify(name)}: `) + flat(child);
    used += text.length + 2;
    if (used > room) return null;
    parts.push(text);
  }
  if (parts.length === 0) return isList ? "[]" : "{}";
  return isList ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
}

function isEmpty(value: object): boolean {
  return (Array.isArray(value) ? value : Object.keys(value)).length === 0;
}

/** `stringify` writes the digits of a big whole number as they came. */
function flat(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}
