// Light or dark: as the system has it, or as somebody chose here.
import { keepStored, readStored, type Storing } from "./stored";

const KEY = "headway.theme";

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] as Theme;
}

export function readTheme(storage: Storing): Theme {
  const stored = readStored(storage, KEY, String);
  return THEMES.find((theme) => theme === stored) ?? "system";
}

export function keepTheme(storage: Storing, theme: Theme): void {
  keepStored(storage, KEY, theme);
}
