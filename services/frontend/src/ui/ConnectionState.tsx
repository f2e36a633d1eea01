// Says how fresh the page is: a badge always, and a clear line when what it shows may be old.

import type { Signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { type Connection, isLost } from "../core/connection";
import { moment } from "../core/fmt";

const WORDS: Record<Connection["kind"], string> = {
  ready: "Ready",
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting",
  polling: "Checking every 2 s",
  offline: "Offline",
  paused: "Paused",
  refused: "Sign-in needed",
};

/** Of both pages: what has a connection, and a way to try again. */
type Session = { connection: Signal<Connection>; follower: { retryNow(): void } };

export function ConnectionBadge({ session }: { session: Session }) {
  const { kind } = session.connection.value;
  return (
    <p class="badge" data-connection={kind}>
      <span class="dot" aria-hidden="true" />
      <span class="unseen">Connection: </span>
      {WORDS[kind]}
    </p>
  );
}

export function ConnectionLine({ session }: { session: Session }) {
  const connection = session.connection.value;
  if (!isLost(connection)) return null;
  const heardAt = "heardAt" in connection ? connection.heardAt : null;
  return (
    <div class="lost" data-lost={connection.kind}>
      <p>
        <strong>
          {connection.kind === "refused" ? "Not allowed to follow these jobs." : "Connection lost."}
        </strong>{" "}
        {heardAt ? `What you see is from ${moment(heardAt)}; the jobs go on without this page.` : ""}{" "}
        <NextTry connection={connection} />
      </p>
      <button type="button" onClick={() => session.follower.retryNow()}>
        Try now
      </button>
    </div>
  );
}

function NextTry({ connection }: { connection: Connection }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  if (connection.kind === "refused") return <>Sign in again, then try.</>;
  if (connection.kind === "offline") return <>You are offline; it goes on when the network is back.</>;
  if (connection.kind !== "reconnecting") return null;
  const seconds = Math.ceil((connection.retryAt - now) / 1_000);
  return <>{seconds > 0 ? `Next try in ${seconds} s.` : "Trying…"}</>;
}
