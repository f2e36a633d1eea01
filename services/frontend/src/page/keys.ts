// The keyboard: single keys for what is done often. They are off while somebody types, and can be switched off.
import { keepStored, readStored } from "../core/stored";
import type { Desk } from "./desk";

const STORED = "headway.keys";

export function areKeysOn(): boolean {
  return readStored(() => localStorage, STORED, String) !== "off";
}

export function switchKeys(isOn: boolean): void {
  keepStored(() => localStorage, STORED, isOn ? "on" : "off");
}

export function listenToKeys(desk: Desk): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || isDialogOpen()) return;
    if (event.key === "Escape") desk.closeJob();
    else if (areKeysOn() && act(desk, event.key)) event.preventDefault();
  });
}

function act(desk: Desk, key: string): boolean {
  switch (key) {
    case "/":
      return focus("[data-part='search']");
    case "j":
      return step(1);
    case "k":
      return step(-1);
    case "p":
      desk.pause(!desk.isPaused.value);
      return true;
    case "?":
      document.querySelector<HTMLElement>("[data-part='help']")?.click();
      return true;
    default:
      return false;
  }
}

/** To the next or the previous job that is drawn; the list scrolls by itself and draws more. */
function step(by: number): boolean {
  const links = [...document.querySelectorAll<HTMLElement>("[data-part='open']")];
  const now = links.findIndex((link) => link.closest("li")?.contains(document.activeElement));
  const next = links[now < 0 ? 0 : Math.min(links.length - 1, Math.max(0, now + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
  return next !== undefined;
}

function focus(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  element?.focus();
  return element !== null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

/** Also when the focus is not in it: a button of the dialog that goes leaves it nowhere. */
function isDialogOpen(): boolean {
  return document.querySelector("dialog[open]") !== null;
}
