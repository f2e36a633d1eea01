// The log of one job, put together from what was asked for and what the stream brought.
import type { LogLine } from "./store";

/** Each line once, in the server's order: both sources may have what the other lacks. */
export function mergedLog(asked: readonly LogLine[], streamed: readonly LogLine[]): readonly LogLine[] {
  const known = new Set(asked.map(({ line }) => line));
  const news = streamed.filter(({ line }) => !known.has(line));
  return news.length === 0 ? asked : [...asked, ...news].sort(compareLines);
}

/** A line's name is made of numbers that grow, `11-2`: 11-10 comes after it. */
const names = new Intl.Collator("en", { numeric: true });

function compareLines(one: LogLine, other: LogLine): number {
  return names.compare(one.line, other.line);
}

export function linesWith(lines: readonly LogLine[], wanted: string): readonly LogLine[] {
  const looked = wanted.trim().toLowerCase();
  return looked ? lines.filter(({ text }) => text.toLowerCase().includes(looked)) : lines;
}

export function logText(lines: readonly LogLine[]): string {
  return lines.map(({ at, text }) => `${at} ${text}\n`).join("");
}
