// The last inputs of each task and the task picked last, kept in the browser.
import { isScalar, parseExact, scalarText } from "./exact-json";
import { sentenceCase } from "./fmt";
import { keepStored, readStored, type Storing } from "./stored";

const MOST = 10;
/** A storage has room for a few million characters; one input must not take it all. */
const LONGEST = 50_000;
const LONGEST_SUMMARY = 90;
const LONGEST_PART = 30;

export type Recent = { at: number; args: Record<string, unknown> };

/** Two Headways under two prefixes of one origin keep lists of their own. */
export class RecentInputs {
  private readonly path: string;

  constructor(
    private readonly storage: Storing,
    root: string,
  ) {
    this.path = new URL(root).pathname;
  }

  of(task: string): Recent[] {
    const stored = this.read(this.keyOf(task));
    return Array.isArray(stored) ? stored.filter(isRecent).slice(0, MOST) : [];
  }

  /** The same input again moves to the top. Another tab may have added its own in between, so it is read first. */
  add(task: string, args: Record<string, unknown>, at = Date.now()): void {
    const said = JSON.stringify(args);
    if (said.length > LONGEST) return;
    const others = this.of(task).filter((other) => JSON.stringify(other.args) !== said);
    this.write(this.keyOf(task), [{ at, args }, ...others].slice(0, MOST));
  }

  clear(task: string): void {
    this.write(this.keyOf(task), []);
  }

  get lastTask(): string {
    const stored = this.read(`headway.task ${this.path}`);
    return typeof stored === "string" ? stored : "";
  }

  set lastTask(task: string) {
    this.write(`headway.task ${this.path}`, task);
  }

  private keyOf(task: string): string {
    return `headway.inputs ${this.path} ${task}`;
  }

  private read(key: string): unknown {
    return readStored(this.storage, key, parseExact);
  }

  private write(key: string, value: unknown): void {
    keepStored(this.storage, key, JSON.stringify(value));
  }
}

/** "Month 2026-11, pages 10": enough to tell two inputs apart. */
export function summaryOf(args: Record<string, unknown>): string {
  const parts = Object.entries(args)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${sentenceCase(name).toLowerCase()} ${clip(wordsOf(value), LONGEST_PART)}`);
  return clip(parts.join(", ") || "no arguments", LONGEST_SUMMARY);
}

function wordsOf(value: unknown): string {
  return isScalar(value) ? scalarText(value) : JSON.stringify(value);
}

function clip(text: string, most: number): string {
  const characters = [...text.slice(0, 2 * most + 2)]; // the longest are made of two halves
  return characters.length > most ? `${characters.slice(0, most).join("")}…` : text;
}

function isRecent(stored: unknown): stored is Recent {
  const { at, args } = (stored ?? {}) as Partial<Recent>;
  return typeof at === "number" && typeof args === "object" && args !== null && !Array.isArray(args);
}
