// What the browser keeps over a reload. A storage may be refused (private mode), be full, or hold something else:
// then the page works without and just forgets, so nothing may depend on it.

/** Given as a function, because a browser may refuse even to hand the storage out. */
export type Storing = () => Storage;

/** null: nothing is kept, or nothing that can be read. */
export function readStored<T>(storage: Storing, key: string, parse: (text: string) => T): T | null {
  try {
    const text = storage().getItem(key);
    return text === null ? null : parse(text);
  } catch {
    return null;
  }
}

export function keepStored(storage: Storing, key: string, text: string): void {
  try {
    storage().setItem(key, text);
  } catch {
    // Refused or full: it holds until the page is left.
  }
}
