// How the page and the server hear each other at the moment, as a person would say it.

export type Connection =
  /** Nothing to follow. */
  | { kind: "ready" }
  | { kind: "connecting" }
  | { kind: "live" }
  | { kind: "reconnecting"; retryAt: number; heardAt: number | null }
  | { kind: "polling" }
  | { kind: "offline"; heardAt: number | null }
  /** The tab is hidden and let go of its stream. */
  | { kind: "paused" }
  /** 401 or 403: asking again and again would not help. */
  | { kind: "refused"; heardAt: number | null };

/** What the rows show may be old: bars must not move. */
export function isLost(connection: Connection): boolean {
  return ["reconnecting", "offline", "refused"].includes(connection.kind);
}

/** News comes again after it was lost: what happened in between is not known yet. */
export function isBack(now: Connection, before: Connection): boolean {
  return now.kind === "live" && (before.kind === "reconnecting" || before.kind === "offline");
}

/** What is said aloud of the change; "" if it is nobody's concern. */
export function newsOf(now: Connection, before: Connection): string {
  if (now.kind === before.kind) return "";
  if (now.kind === "reconnecting") return "Connection lost, trying again.";
  if (now.kind === "offline") return "You are offline.";
  return isBack(now, before) ? "Live again." : "";
}
