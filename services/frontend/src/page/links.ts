// Links that stay in the page, and open a tab of their own where somebody asks for that.

export function followInPage(event: MouseEvent, go: () => void): void {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go();
}
