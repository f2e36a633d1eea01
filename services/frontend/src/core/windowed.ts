// Which rows of a long list are drawn: those on the screen, some around them, and the one that has the focus.

const AROUND = 8;

export type Span = { readonly first: number; readonly end: number };

/** All rows have one height. `offset` is how far the list's top lies above the top of the screen. */
export function spanOf(offset: number, height: number, rowHeight: number, count: number): Span {
  const first = Math.max(0, Math.floor(offset / rowHeight) - AROUND);
  const end = Math.min(count, Math.ceil((offset + height) / rowHeight) + AROUND);
  return { first: Math.min(first, Math.max(0, count - 1)), end: Math.max(end, 0) };
}

/** The places that are drawn, in order. A row with the focus stays: else the keyboard would fall out of the page. */
export function placesOf({ first, end }: Span, focused: number): number[] {
  const places = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
  if (focused < 0 || (focused >= first && focused < end)) return places;
  return focused < first ? [focused, ...places] : [...places, focused];
}
