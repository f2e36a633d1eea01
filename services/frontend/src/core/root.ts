// Where the API lives, read off the script's own address, so that no path prefix needs any configuration.

/** The built script lies one folder below the page; Vite's development server serves this source two below. */
const WAY_UP = import.meta.env.DEV ? "../../" : "../";

export function apiRootOf(scriptAddress: string, wayUp = "../"): string {
  return new URL(wayUp, scriptAddress).href;
}

export const API_ROOT = apiRootOf(import.meta.url, WAY_UP);
