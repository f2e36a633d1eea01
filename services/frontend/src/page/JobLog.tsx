// The log of one job: as it comes, with only the lines near the eye in the document.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { plural } from "../core/fmt";
import { linesWith, logText } from "../core/log";
import type { LogLine } from "../core/store";
import { CopyButton } from "./CopyButton";
import { saveFile } from "./clipboard";
import { JobLogChunk } from "./JobLogChunk";

const CHUNK = 50;
/** A few lines need no filter. */
const FILTER_FROM = 8;
/** Half a line off the bottom is the bottom still. */
const NEAR_PX = 12;

type Props = {
  id: string;
  lines: readonly LogLine[];
  total: number;
  isRunning: boolean;
  say: (text: string) => void;
};

export function JobLog({ id, lines, total, isRunning, say }: Props) {
  const [wanted, setWanted] = useState("");
  const [isFollowing, setFollowing] = useState(true);
  const shown = linesWith(lines, wanted);
  const scroller = useRef<HTMLDivElement>(null);
  const toBottom = () => scroller.current?.scrollTo({ top: scroller.current.scrollHeight });

  useLayoutEffect(() => {
    if (isFollowing) toBottom();
  }, [isFollowing, shown.length]);

  // Read aloud only while somebody follows: whoever scrolled up reads something else.
  const spoken = { role: isFollowing ? "log" : "region", "aria-labelledby": "job-log" } as const;
  const follow = () => {
    setFollowing(!isFollowing);
    if (!isFollowing) toBottom();
  };
  const scrolled = (event: Event) => {
    const { scrollTop, scrollHeight, clientHeight } = event.currentTarget as HTMLElement;
    setFollowing(scrollHeight - scrollTop - clientHeight < NEAR_PX);
  };
  if (lines.length === 0) return isRunning ? <EmptyLog /> : null;
  return (
    <section class="job-part" aria-labelledby="job-log" data-part="log">
      <div class="job-part-head">
        <h3 id="job-log">Log</h3>
        <span class="hint" data-part="log-count">
          {wanted.trim()
            ? `${shown.length} of ${plural(lines.length, "line")}`
            : countText(lines.length, total)}
        </span>
        <span class="job-tools">
          <button type="button" class="job-small" aria-pressed={isFollowing} onClick={follow}>
            Follow
          </button>
          <CopyButton text={() => logText(shown)} what="the log" say={say} />
          <button
            type="button"
            class="job-small"
            aria-label="Download the log"
            onClick={() => saveFile({ name: `${id}.log`, type: "text/plain", content: logText(shown) })}
          >
            Download
          </button>
        </span>
      </div>
      {lines.length >= FILTER_FROM && (
        <input
          class="job-filter"
          type="search"
          aria-label="Show only lines with"
          placeholder="Show only lines with…"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <div ref={scroller} class="job-lines" {...spoken} tabIndex={0} onScroll={scrolled}>
        {chunksOf(shown).map((chunk, index) => (
          <JobLogChunk
            key={`${wanted} ${index}`}
            lines={chunk}
            scroller={scroller}
            onSize={() => isFollowing && toBottom()}
          />
        ))}
        {shown.length === 0 && <p class="hint">No line has “{wanted.trim()}”.</p>}
      </div>
    </section>
  );
}

function EmptyLog() {
  return (
    <section class="job-part" aria-labelledby="job-log" data-part="log">
      <h3 id="job-log">Log</h3>
      <p class="hint">No lines yet.</p>
    </section>
  );
}

function countText(kept: number, total: number): string {
  return total > kept
    ? `the last ${plural(kept, "line")} of ${total.toLocaleString("en")}`
    : plural(kept, "line");
}

function chunksOf(lines: readonly LogLine[]): LogLine[][] {
  const chunks: LogLine[][] = [];
  for (let from = 0; from < lines.length; from += CHUNK) chunks.push(lines.slice(from, from + CHUNK));
  return chunks;
}
