// Turns the text of a server-sent event stream into events, however the network cut it into pieces.

export type StreamEvent = { type: string; data: string; lastEventId: string };

export class SseParser {
  /** The id to send as `Last-Event-ID`; it changes only with a complete event. */
  lastEventId: string;
  /** What the server asked for with `retry:`. */
  retryMs: number | null = null;

  private rest = "";
  private atStart = true;
  private afterReturn = false;
  private data: string[] = [];
  private type = "";
  private id: string;

  constructor(lastEventId = "") {
    this.lastEventId = lastEventId;
    this.id = lastEventId;
  }

  /** Takes the next piece of text and gives back the events it completed. */
  feed(piece: string): StreamEvent[] {
    let text = piece;
    if (this.atStart && text !== "") {
      this.atStart = false;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    // A CR at the end of the last piece already ended its line; the LF that follows belongs to it.
    if (this.afterReturn && text !== "") {
      this.afterReturn = false;
      if (text.startsWith("\n")) text = text.slice(1);
    }
    if (text.endsWith("\r")) this.afterReturn = true;

    const lines = (this.rest + text).split(/\r\n|\r|\n/);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.take(line) ?? []);
  }

  private take(line: string): StreamEvent | null {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.data.push(value);
    else if (field === "event") this.type = value;
    else if (field === "id" && !value.includes("\0")) this.id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    return null;
  }

  private dispatch(): StreamEvent | null {
    this.lastEventId = this.id;
    const event = { type: this.type || "message", data: this.data.join("\n"), lastEventId: this.id };
    const isEmpty = this.data.length === 0;
    this.data = [];
    this.type = "";
    return isEmpty ? null : event;
  }
}
