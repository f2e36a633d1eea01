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
