// What each event of the stream does to the store.
import { parseExact } from "./exact-json";
import type { Job } from "./job";
import { problemOf } from "./problem";
import type { StreamEvent } from "./sse";
import type { JobStore } from "./store";

type Ended = { id: string; version: number };

/** Applies one event. Gives back the id of a job whose document must be fetched, because we missed its last change. */
export function applyEvent(store: JobStore, event: StreamEvent): string | null {
  const content = contentOf(event.data);
  if (!content) return null;
  switch (event.type) {
    case "snapshot":
      store.putJob(content as Job);
      return null;
    case "update":
      store.mergeJob(content as Partial<Job> & Ended);
      return null;
    case "log":
      store.addLogLine(content.id, { text: String(content.text ?? ""), at: String(content.at ?? "") });
      return null;
    case "missing":
      store.markGone(content.id, Number(content.status), problemOf(content));
      return null;
    case "end":
      return store.isUnfinished(content.id) ? content.id : null;
    default:
      return null; // A newer server may say more than this page knows.
  }
}

function contentOf(data: string): (Record<string, unknown> & Ended) | null {
  try {
    const content = parseExact(data) as (Record<string, unknown> & Ended) | null;
    return typeof content?.id === "string" ? content : null;
  } catch {
    return null; // One broken event must not end the stream for all the other jobs.
  }
}
