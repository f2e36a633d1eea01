// Some lines of a log: drawn while they are near the eye, else an empty space of their height.
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { moment } from "../core/fmt";
import type { LogLine } from "../core/store";
import { fullMoment } from "./JobProgress";
import { Linked } from "./JobValue";

const NEAR = "300px";
/** Of a line that was never drawn. */
const LINE_PX = 20;

type Props = {
  lines: readonly LogLine[];
  scroller: RefObject<HTMLElement | null>;
  /** It has become higher or lower. */
  onSize: () => void;
};

export function JobLogChunk({ lines, scroller, onSize }: Props) {
  const chunk = useRef<HTMLDivElement>(null);
  const [isNear, setNear] = useState(false);
  const heightPx = useRef(0);
  useEffect(() => {
    const watcher = new IntersectionObserver((seen) => setNear(seen.at(-1)?.isIntersecting ?? false), {
      root: scroller.current,
      rootMargin: NEAR,
    });
    if (chunk.current) watcher.observe(chunk.current);
    return () => watcher.disconnect();
  }, [scroller]);
  useLayoutEffect(() => {
    const element = chunk.current;
    if (!element) return;
    // Set by script, which the content security policy lets pass; in the markup it would not.
    element.style.blockSize = isNear ? "" : `${heightPx.current || lines.length * LINE_PX}px`;
    if (isNear) heightPx.current = element.offsetHeight;
    onSize();
  }, [isNear, lines.length]);
  const drawn = useMemo(
    () =>
      isNear &&
      lines.map((line) => (
        <p key={line.line} class="job-line">
          <time dateTime={line.at} title={fullMoment(line.at)}>
            {moment(line.at)}
          </time>{" "}
          <Linked text={line.text} />
        </p>
      )),
    // Lines are only ever added, though in the midst too: with as many between the same ends it is the same.
    [isNear, lines.length, lines[0], lines.at(-1)],
  );
  return <div ref={chunk}>{drawn}</div>;
}
