// What stands above the list because it matters to all of it.
import type { Sample } from "./stats";

/** Queues in which jobs wait that nobody will run, in words. */
export function unservedText(sample: Sample | undefined): string {
  const unserved = (sample?.queues ?? []).filter((queue) => queue.queued > 0 && queue.workers === 0);
  if (unserved.length === 0) return "";
  const named = unserved.map(({ queue, queued }) => `“${queue}” (${queued} waiting)`).join(", ");
  return `No worker serves the ${unserved.length === 1 ? "queue" : "queues"} ${named}. Jobs there start when one does.`;
}
