// The log of one job: as it comes, with only the lines near the eye in the document.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { plural } from "../core/fmt";
import { linesWith, logText } from "../core/log";
import type { LogLine } from "../core/store";
import { CopyButton, SaveButton, SmallButton } from "./JobButtons";
import { JobLogChunk } from "./JobLogChunk";
import { JobPart } from "./JobPart";

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
  const spoken = { role: isFollowing && isRunning ? "log" : "region", "aria-labelledby": "job-log" } as const;
  const follow = () => {
    setFollowing(!isFollowing);
    if (!isFollowing) toBottom();
  };
  const lastTop = useRef(0);
  const scrolled = (event: Event) => {
    const { scrollTop, scrollHeight, clientHeight } = event.currentTarget as HTMLElement;
    const isAtBottom = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    // Lines that turn out to be higher than they were thought to be move the bottom away: that is nobody's wish.
    if (isAtBottom || scrollTop < lastTop.current) setFollowing(isAtBottom);
    lastTop.current = scrollTop;
  };
  if (lines.length === 0) return null;
  const count = wanted.trim()
    ? `${shown.length} of ${plural(lines.length, "line")}`
    : countText(lines.length, total);
  const actions = (
    <>
      {isRunning && (
        <SmallButton isPressed={isFollowing} onClick={follow}>
          Follow
        </SmallButton>
      )}
      <CopyButton text={() => logText(shown)} what="the log" say={say} />
      <SaveButton
        file={() => ({ name: `${id}.log`, type: "text/plain", content: logText(shown) })}
        what="the log"
      />
    </>
  );
  return (
    <JobPart part="log" title="Log" hint={count} actions={actions}>
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
    </JobPart>
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
