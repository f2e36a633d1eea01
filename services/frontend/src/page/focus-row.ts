// Back to where one was in the list: the row of the job that was closed, or the list where it has gone.

/** A list that was hidden is drawn again some frames later, and its rows after it; what is hidden takes no focus. */
export function focusRow(id: string | null, frames = 20): void {
  requestAnimationFrame(() => {
    const link = document.querySelector<HTMLElement>(`li[data-job="${id}"] [data-part="open"]`);
    const place = link ?? (frames === 0 ? document.querySelector<HTMLElement>(".list") : null);
    place?.focus();
    if (frames > 0 && document.activeElement !== link) focusRow(id, frames - 1);
  });
}
