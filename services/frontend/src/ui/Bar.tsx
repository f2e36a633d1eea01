// The progress bar: the browser's own element, so that every assistive tool knows it.
import { isFinal, percentOf } from "../core/job";
import type { Row } from "../core/store";

export function Bar({ row, name }: { row: Row; name: string }) {
  if (["refused", "missing", "expired"].includes(row.standing)) return null;
  const percent = row.job ? percentOf(row.job) : null;
  const isMoving = row.standing === "submitting" || (row.job !== null && !isFinal(row.job));
  // Without a value the element says "busy"; a job that has ended, or of which we know nothing yet, is not busy.
  if (percent === null && isMoving) return <progress key="busy" aria-label={name} max={100} />;
  // Another key makes another element: Chromium keeps a bar busy once it had no value.
  return <progress key="known" aria-label={name} max={100} value={percent ?? 0} />;
}
