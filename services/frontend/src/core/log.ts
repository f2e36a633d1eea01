// The log of one job, put together from what was asked for and what the stream brought.
import type { LogLine } from "./store";

/** Each line once, in the server's order: both sources may have what the other lacks. */
export function mergedLog(asked: readonly LogLine[], streamed: readonly LogLine[]): readonly LogLine[] {
  const known = new Set(asked.map(({ line }) => line));
  const news = streamed.filter(({ line }) => !known.has(line));
  if (news.length === 0) return asked;
  const merged = [...asked, ...news];
  const isInOrder =
    asked.length === 0 || compareLines(asked[asked.length - 1] as LogLine, news[0] as LogLine) <= 0;
  return isInOrder ? merged : merged.sort(compareLines);
}

/** A line's name is two numbers, `11-2`, and grows. */
function compareLines(one: LogLine, other: LogLine): number {
  const [a, b] = [numbersOf(one), numbersOf(other)];
  return a[0] - b[0] || a[1] - b[1] || 0;
}

function numbersOf({ line }: LogLine): [number, number] {
  const [large, small] = line.split("-").map(Number);
  return [large || 0, small || 0];
}

export function linesWith(lines: readonly LogLine[], wanted: string): readonly LogLine[] {
  const looked = wanted.trim().toLowerCase();
  return looked ? lines.filter(({ text }) => text.toLowerCase().includes(looked)) : lines;
}

export function logText(lines: readonly LogLine[]): string {
  return lines.map(({ at, text }) => `${at} ${text}\n`).join("");
}
