// One event stream, from the request to its end: reads it, hears the heartbeat, says why it ended.
import { retryAfter } from "./problem";
import { SseParser, type StreamEvent } from "./sse";

export type StreamEnd =
  | { kind: "closed" }
  | { kind: "failed"; status: number | null; retryAfterSeconds: number | null }
  /** Connected, but nothing came: something in between holds the bytes back. */
  | { kind: "held-back" }
  | { kind: "aborted" };

export type StreamOptions = {
  url: string;
  lastEventId: string;
  signal: AbortSignal;
  fetch: typeof globalThis.fetch;
  /** Called for every piece that arrives, heartbeats too. */
  onBytes: () => void;
  onEvent: (event: StreamEvent) => void;
  onRetry: (ms: number) => void;
};

/** The first event is a snapshot, sent at once: a healthy path needs far less. */
export const FIRST_BYTES_MS = 5_000;
/** Three heartbeats of 15 s. */
export const SILENCE_MS = 45_000;

export async function readStream(options: StreamOptions): Promise<StreamEnd> {
  const watchdog = new AbortController();
  const signal = AbortSignal.any([options.signal, watchdog.signal]);
  let heard = false;
  let timer = setTimeout(() => watchdog.abort(), FIRST_BYTES_MS);

  const ended = (end: StreamEnd): StreamEnd => {
    if (options.signal.aborted) return { kind: "aborted" };
    if (watchdog.signal.aborted && !heard) return { kind: "held-back" };
    return end;
  };

  try {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (options.lastEventId) headers["Last-Event-ID"] = options.lastEventId;
    const response = await options.fetch(options.url, { headers, signal, cache: "no-store" });
    const type = response.headers.get("Content-Type") ?? "";
    if (!response.ok || !response.body || !type.startsWith("text/event-stream")) {
      await response.body?.cancel();
      return ended({
        kind: "failed",
        status: response.status,
        retryAfterSeconds: retryAfter(response.headers),
      });
    }

    const parser = new SseParser(options.lastEventId);
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return ended({ kind: "closed" });
      heard = true;
      clearTimeout(timer);
      timer = setTimeout(() => watchdog.abort(), SILENCE_MS);
      options.onBytes();
      for (const event of parser.feed(decoder.decode(value, { stream: true }))) {
        // The listener may have closed the stream: what was read but not delivered comes again on resume.
        if (options.signal.aborted) return { kind: "aborted" };
        options.onEvent(event);
      }
      if (parser.retryMs !== null) options.onRetry(parser.retryMs);
    }
  } catch {
    return ended({ kind: "failed", status: null, retryAfterSeconds: null });
  } finally {
    clearTimeout(timer);
  }
}
