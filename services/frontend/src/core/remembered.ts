// The ids of this browser's jobs, kept over a reload; without storage the page just forgets.

const MOST = 200;

export type Memory = { all(): string[]; add(id: string): void; drop(ids: readonly string[]): void };

/** Two Headways under two prefixes of one origin keep two lists. */
export function rememberIn(storage: () => Storage, root: string): Memory {
  const key = `headway.jobs ${new URL(root).pathname}`;

  function all(): string[] {
    try {
      const stored: unknown = JSON.parse(storage().getItem(key) ?? "[]");
      return Array.isArray(stored) ? stored.filter((id) => typeof id === "string").slice(0, MOST) : [];
    } catch {
      return []; // Storage is refused (private mode) or holds something else: the page works without.
    }
  }

  function write(ids: string[]): void {
    try {
      storage().setItem(key, JSON.stringify(ids.slice(0, MOST)));
    } catch {
      // Refused or full: the jobs are still on the page, only a reload forgets them.
    }
  }

  return {
    all,
    // Read before each write: another tab may have added its own in between.
    add: (id) => write([id, ...all().filter((other) => other !== id)]),
    drop: (ids) => write(all().filter((id) => !ids.includes(id))),
  };
}
