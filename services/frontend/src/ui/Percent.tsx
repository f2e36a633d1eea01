// How far a job is, as a number; nothing where nobody knows.
import { percentOf } from "../core/job";
import type { Row } from "../core/store";

export function Percent({ row }: { row: Row }) {
  const percent = row.job && percentOf(row.job);
  return (
    <span class="percent" data-part="percent">
      {percent === null ? "" : `${percent}%`}
    </span>
  );
}
