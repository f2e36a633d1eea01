// What each event of the stream does to the store.
import { parseExact } from "./exact-json";
import type { Job } from "./job";
import { problemOf } from "./problem";
import type { StreamEvent } from "./sse";
import type { JobStore, LogLine } from "./store";

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
      store.addLogLine(content.id, logLineOf(content));
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

/** A task may say the same twice at one time: only the line's own name tells a new line from a repeated event. */
function logLineOf(content: Record<string, unknown>): LogLine {
  const [line, text, at] = [content.line, content.text, content.at].map((said) => String(said ?? ""));
  return { line: line || `${at} ${text}`, text: text ?? "", at: at ?? "" };
}

function contentOf(data: string): (Record<string, unknown> & Ended) | null {
  try {
    const content = parseExact(data) as (Record<string, unknown> & Ended) | null;
    return typeof content?.id === "string" ? content : null;
  } catch {
    return null; // One broken event must not end the stream for all the other jobs.
  }
}
