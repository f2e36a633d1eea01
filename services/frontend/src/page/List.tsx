// The list: thousands of rows of which a screenful is drawn, and which does not move under who reads it.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isLost } from "../core/connection";
import { plural } from "../core/fmt";
import { MOST_LISTED } from "../core/listing";
import { HOME, isSameList } from "../core/route";
import { placesOf, type Span, spanOf } from "../core/windowed";
import type { Desk } from "./desk";
import { ListRow } from "./ListRow";

const NEAR_THE_END = 30;
const FIRST_GUESS_PX = 64;

export function List({ desk }: { desk: Desk }) {
  const { ids, isLoading, isKnown, isComplete, problem } = desk.list.value;
  const list = useRef<HTMLOListElement>(null);
  const rowHeight = useRowHeight(list, isKnown);
  const span = useSpan(list, rowHeight, ids.length);
  const [focused, setFocused] = useState<string | null>(null);
  const places = placesOf(span, focused === null ? -1 : ids.indexOf(focused));
  // Read, so that every drawn change is drawn here.
  const drawn = desk.drawn.value;

  useEffect(() => desk.see(ids.slice(span.first, span.end)), [ids, span.first, span.end]);
  useEffect(() => {
    // After each answer anew: a question that another one overtook is dropped. A failure waits for "Try again".
    if (!isLoading && !problem && span.end >= ids.length - NEAR_THE_END) void desk.listing.more();
  }, [span.end, ids.length, isComplete, isLoading, problem]);
  useEffect(() => desk.hold(focused !== null || span.first > 0), [focused, span.first > 0]);

  if (!isKnown) return <Skeleton isLoading={isLoading} />;
  return (
    <>
      <News desk={desk} />
      {ids.length === 0 && <Empty desk={desk} />}
      <ol
        ref={list}
        class="list"
        tabIndex={-1}
        aria-labelledby="list-heading"
        aria-busy={isLoading || undefined}
        data-frozen={desk.isPaused.value || isLost(desk.connection.value)}
        onFocusIn={(event) => setFocused((event.target as Element).closest("li")?.dataset.job ?? null)}
        onFocusOut={() => setFocused(null)}
      >
        <Spacer rows={places[0] ?? 0} />
        {places.map((place, index) => {
          const id = ids[place] as string;
          const gap = place - (places[index - 1] ?? place - 1) - 1;
          return [
            gap > 0 && <Spacer key={`gap-${place}`} rows={gap} />,
            <ListRow
              key={id}
              id={id}
              row={desk.row(id)}
              drawn={drawn}
              place={place + 1}
              size={isComplete ? ids.length : -1}
              isOpen={desk.route.value.job === id}
              isSelected={desk.isSelecting.value ? desk.selected.value.has(id) : null}
              desk={desk}
            />,
          ];
        })}
        <Spacer rows={ids.length - 1 - (places.at(-1) ?? ids.length - 1)} />
      </ol>
      {ids.length >= MOST_LISTED && (
        <p class="hint">
          The newest {plural(MOST_LISTED, "job")} are listed. A narrower search finds older ones.
        </p>
      )}
    </>
  );
}

/** Takes the room of rows that are not drawn: a style attribute would break the content security policy, a property does not. */
function Spacer({ rows }: { rows: number }) {
  const element = useRef<HTMLLIElement>(null);
  useLayoutEffect(() => element.current?.style.setProperty("--rows", String(Math.max(0, rows))), [rows]);
  return <li ref={element} class="spacer" aria-hidden="true" role="presentation" />;
}

/**
 * As it is drawn: the reader's type size and the width of the page decide, and either changes the list's own size.
 * To measure at each drawing instead would make the browser lay out the page in the midst of it, sixty times a second.
 */
function useRowHeight(list: { current: HTMLElement | null }, isKnown: boolean): number {
  const [height, setHeight] = useState(FIRST_GUESS_PX);
  useLayoutEffect(() => {
    // A list that is not shown has rows without a height.
    const sized = new ResizeObserver(() => setHeight((old) => measuredHeight() || old));
    if (list.current) sized.observe(list.current);
    return () => sized.disconnect();
  }, [isKnown]);
  return height;
}

function measuredHeight(): number {
  return document.querySelector(".list > .row")?.getBoundingClientRect().height ?? 0;
}

function useSpan(list: { current: HTMLElement | null }, rowHeight: number, count: number): Span {
  const [span, setSpan] = useState<Span>({ first: 0, end: Math.min(count, 20) });
  useLayoutEffect(() => {
    let frame = 0;
    const measure = () => {
      frame = 0;
      const top = list.current?.getBoundingClientRect().top ?? 0;
      const next = spanOf(-top, window.innerHeight, rowHeight, count);
      setSpan((old) => (old.first === next.first && old.end === next.end ? old : next));
    };
    const later = () => {
      frame ||= requestAnimationFrame(measure);
    };
    measure();
    window.addEventListener("scroll", later, { passive: true });
    window.addEventListener("resize", later);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener("scroll", later);
      window.removeEventListener("resize", later);
    };
  }, [rowHeight, count]);
  return span;
}

/** New rows never shift what is being read: they wait here. */
function News({ desk }: { desk: Desk }) {
  const news = desk.news.value;
  if (news === 0 || !(desk.isHeld.value || desk.isPaused.value)) return null;
  const { tab, task, search } = desk.route.value;
  const words =
    tab === "all" && !task && !search ? `${plural(news, "new job")} above` : "The list has changed";
  const show = async () => {
    await desk.refresh();
    window.scrollTo({ top: 0 });
  };
  return (
    <div class="news" data-part="news">
      <button type="button" class="small" onClick={show}>
        {words}: show
      </button>
    </div>
  );
}

function Empty({ desk }: { desk: Desk }) {
  const route = desk.route.value;
  if (isSameList(route, HOME)) {
    return (
      <p class="empty" data-part="empty">
        No jobs yet. Start one, and its progress shows up here.
      </p>
    );
  }
  return (
    <div class="empty" data-part="empty">
      <p>No job matches.</p>
      <button type="button" onClick={() => desk.go({ tab: "all", task: "", search: "" }, "replace")}>
        Clear filters
      </button>
    </div>
  );
}

function Skeleton({ isLoading }: { isLoading: boolean }) {
  return (
    <div class="skeleton" aria-busy={isLoading} data-part="skeleton">
      <span class="unseen">Loading jobs…</span>
      {[1, 2, 3, 4, 5, 6].map((each) => (
        <div key={each} class="skeleton-row" />
      ))}
    </div>
  );
}
