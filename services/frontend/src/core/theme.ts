// Light or dark: as the system has it, or as somebody chose here.

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] as Theme;
}

export function readTheme(storage: () => Storage): Theme {
  try {
    const stored = storage().getItem("headway.theme") as Theme;
    return THEMES.includes(stored) ? stored : "system";
  } catch {
    return "system"; // Storage is refused: the system's choice is a good one.
  }
}

export function keepTheme(storage: () => Storage, theme: Theme): void {
  try {
    storage().setItem("headway.theme", theme);
  } catch {
    // Refused or full: it holds until the page is left.
  }
}
