// What a row is called on the page and by a screen reader.
import { sentenceCase, shortId } from "../core/fmt";
import type { Row } from "../core/store";

export function titleOf(row: Row): string {
  if (row.job) return sentenceCase(row.job.task);
  return row.standing === "submitting" || row.standing === "refused" ? "Long calculation" : "Job";
}

export function nameOf(row: Row): string {
  return row.id ? `${titleOf(row)} ${shortId(row.id)}` : titleOf(row);
}
