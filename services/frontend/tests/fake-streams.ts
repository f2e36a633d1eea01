// A server's streams of events for tests: what each was asked for, and the means to speak through it and to end it.

export type Stream = {
  query: URLSearchParams;
  ids: string[];
  headers: Headers;
  isOpen: boolean;
  say: (text: string) => void;
  close: () => void;
};

/** The answer to such a request; the stream it opens is the last of `streams` from now on. */
export function openStream(streams: Stream[], url: URL, init: RequestInit): Response {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(own) {
      controller = own;
    },
  });
  const stream: Stream = {
    query: url.searchParams,
    ids: url.searchParams.getAll("id"),
    headers: new Headers(init.headers),
    isOpen: true,
    say: (text) => controller.enqueue(new TextEncoder().encode(text)),
    close: () => {
      stream.isOpen = false;
      controller.close();
    },
  };
  init.signal?.addEventListener("abort", () => {
    stream.isOpen = false;
    controller.error(new DOMException("aborted", "AbortError"));
  });
  streams.push(stream);
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}
