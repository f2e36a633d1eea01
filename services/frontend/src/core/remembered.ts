// The ids of this browser's jobs, kept over a reload.
import { keepStored, readStored, type Storing } from "./stored";

const MOST = 200;

export type Memory = { all(): string[]; add(id: string): void; drop(ids: readonly string[]): void };

/** Two Headways under two prefixes of one origin keep two lists. */
export function rememberIn(storage: Storing, root: string): Memory {
  const key = `headway.jobs ${new URL(root).pathname}`;

  function all(): string[] {
    const stored: unknown = readStored(storage, key, JSON.parse);
    return Array.isArray(stored) ? stored.filter((id) => typeof id === "string").slice(0, MOST) : [];
  }

  function write(ids: string[]): void {
    keepStored(storage, key, JSON.stringify(ids.slice(0, MOST)));
  }

  return {
    all,
    // Read before each write: another tab may have added its own in between.
    add: (id) => write([id, ...all().filter((other) => other !== id)]),
    drop: (ids) => write(all().filter((id) => !ids.includes(id))),
  };
}
