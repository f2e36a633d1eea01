// JSON as people read it: short lists stay on their line, long ones open up, and every digit is kept.
import { isScalar } from "./exact-json";

const WIDTH = 72;
/** Nobody reads deeper; a value that lies there is written on its line. */
const DEEPEST = 60;

/** The value in lines, at most `most` of them: what comes behind them is not looked at. */
export function prettyLines(value: unknown, most = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = [];
  lay(value, "", "", { lines, most });
  return lines;
}

type Page = { lines: string[]; most: number };

/** Gives back false when the page is full. `key` stands before the value. */
function lay(value: unknown, indent: string, key: string, page: Page): boolean {
  const isFlat = isPlain(value) || indent.length / 2 >= DEEPEST;
  const line = isFlat ? flat(value) : onOneLine(value as object, WIDTH - indent.length - key.length);
  if (line !== null) return put(indent + key + line, page);
  const isList = Array.isArray(value);
  if (!put(indent + key + (isList ? "[" : "{"), page)) return false;
  let isFirst = true;
  for (const [name, child] of membersOf(value as object)) {
    if (!isFirst) page.lines[page.lines.length - 1] += ",";
    isFirst = false;
    if (!lay(child, `${indent}  `, name, page)) return false;
  }
  return put(indent + (isList ? "]" : "}"), page);
}

function put(line: string, page: Page): boolean {
  if (page.lines.length >= page.most) return false;
  page.lines.push(line);
  return true;
}

/** A list or an object of plain values, if it fits; a value with values inside opens up. */
function onOneLine(value: object, room: number): string | null {
  const parts: string[] = [];
  let used = 4;
  for (const [name, child] of membersOf(value)) {
    if (!isPlain(child) && !membersOf(child as object).next().done) return null;
    const text = name + flat(child);
    used += text.length + 2;
    if (used > room) return null;
    parts.push(text);
  }
  const inside = parts.join(", ");
  return Array.isArray(value) ? `[${inside}]` : inside ? `{ ${inside} }` : "{}";
}

/** One after the other: nobody asks for the millionth. */
function* membersOf(value: object): Generator<[name: string, child: unknown]> {
  if (Array.isArray(value)) for (const child of value) yield ["", child];
  else
    for (const name of Object.keys(value))
      yield [`${flat(name)}: `, (value as Record<string, unknown>)[name]];
}

function isPlain(value: unknown): boolean {
  return value === null || isScalar(value);
}

/** `stringify` writes the digits of a big whole number as they came. */
function flat(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}
