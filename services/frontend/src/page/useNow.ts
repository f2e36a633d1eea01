// The time, again and again while somebody shows it.
import { useEffect, useState } from "preact/hooks";

const EVERY_MS = 1_000;

/** Stands still when nothing moves: a finished job costs nothing. */
export function useNow(isTicking: boolean, now: () => number): number {
  const [at, setAt] = useState(now);
  useEffect(() => {
    if (!isTicking) return;
    setAt(now());
    const timer = setInterval(() => setAt(now()), EVERY_MS);
    return () => clearInterval(timer);
  }, [isTicking, now]);
  // Between two ticks other news may draw, and must not be told an older time.
  return isTicking ? now() : at;
}
