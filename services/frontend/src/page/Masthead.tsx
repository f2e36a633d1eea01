// The top of the page: what it is, how fresh it is, and what concerns all of it.
import { useEffect, useState } from "preact/hooks";
import { keepTheme, nextTheme, readTheme, type Theme } from "../core/theme";
import { ConnectionBadge } from "../ui/ConnectionState";
import type { Desk } from "./desk";
import { useDialog } from "./dialog";
import { lazy } from "./lazy";

const useHelp = lazy(async () => (await import("./Help")).Help);
const THEME_WORDS: Record<Theme, string> = { system: "System", light: "Light", dark: "Dark" };

export function Masthead({ desk }: { desk: Desk }) {
  const isPaused = desk.isPaused.value;
  return (
    <header class="masthead">
      <h1>
        <a class="home" href="./" onClick={(event) => goHome(event, desk)}>
          Headway
        </a>
      </h1>
      <ConnectionBadge session={desk} />
      <div class="masthead-tools">
        <button type="button" class="small" aria-pressed={isPaused} onClick={() => desk.pause(!isPaused)}>
          {isPaused ? "Resume updates" : "Pause updates"}
        </button>
        <ThemeButton />
        <HelpButton />
        <a class="quiet" href="./simple">
          Simple view
        </a>
      </div>
    </header>
  );
}

function goHome(event: MouseEvent, desk: Desk): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  desk.go({ view: "jobs", job: null, tab: "all", task: "", search: "" });
}

function ThemeButton() {
  const [theme, setTheme] = useState(() => readTheme(() => window.localStorage));
  const change = () => {
    const next = nextTheme(theme);
    keepTheme(() => window.localStorage, next);
    applyTheme(next);
    setTheme(next);
  };
  return (
    <button type="button" class="small" onClick={change} data-part="theme">
      Theme: {THEME_WORDS[theme]}
    </button>
  );
}

export function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset.theme;
  else dataset.theme = theme;
}

function HelpButton() {
  const { View, isMissing } = useHelp();
  const { dialog, open } = useDialog();
  const [isWanted, setWanted] = useState(false);
  // Asked for before it was there: it opens as soon as it is.
  useEffect(() => {
    if (View && isWanted) open();
  }, [View]);
  return (
    <>
      <button
        type="button"
        class="small"
        aria-haspopup="dialog"
        data-part="help"
        disabled={isMissing}
        onClick={() => (View ? open() : setWanted(true))}
      >
        Keys
      </button>
      {View && <View dialog={dialog} />}
    </>
  );
}
