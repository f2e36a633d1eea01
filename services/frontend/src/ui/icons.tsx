// One sign per state, drawn in the text's colour; the word beside it says the same.
import type { Tone } from "../core/wording";

const PATHS: Record<Tone, string> = {
  waiting: "M8 4v4l2.5 1.5",
  running: "M6.5 5v6l4.5-3z",
  retrying: "M11 6.5A3.4 3.4 0 1 0 11.2 9M11.2 4.5v2.2H9",
  cancelling: "M5.5 5.5l5 5",
  done: "M5 8.3l2.1 2.1L11 6",
  failed: "M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
  cancelled: "M5 8h6",
  unknown: "M6.3 6.4a1.8 1.8 0 1 1 2.3 1.8c-.5.2-.6.5-.6 1M8 11.2v.1",
};

export function StateIcon({ tone }: { tone: Tone }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="6.9" />
      <path d={PATHS[tone]} />
    </svg>
  );
}
