// Where the keyboard's focus goes when what has it goes away.

/** To the nearest thing around it that may take it - a button's row, a row's list - and not to the top of the page. */
export function passFocusOn(element: Element | null): void {
  if (!element?.contains(document.activeElement)) return;
  element.parentElement?.closest<HTMLElement>("[tabindex='-1']")?.focus({ preventScroll: true });
}
