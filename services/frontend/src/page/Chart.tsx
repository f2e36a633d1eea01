// A small live chart: drawn anew with each sample and never in between, so there is no motion to reduce.
import { useEffect, useRef } from "preact/hooks";
import { blankPaper, type Colours, coloursOf, type Draw } from "./drawing";

/** A label that changed each second would be read out without end. */
const LABEL_MS = 10_000;
const THEMES = ["(prefers-color-scheme: dark)", "(forced-colors: active)"];

export function Chart({ name, label, draw }: { name: string; label: string; draw: Draw }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = useRef<Colours | null>(null);
  const redraw = useRef(() => {});
  redraw.current = () => {
    if (!canvas.current) return;
    colours.current ??= coloursOf(canvas.current);
    const paper = blankPaper(canvas.current);
    if (paper) draw(paper, colours.current);
  };
  useEffect(() => redraw.current());
  useEffect(() => {
    const resized = new ResizeObserver(() => redraw.current());
    if (canvas.current) resized.observe(canvas.current);
    const forget = watchTheme(() => {
      colours.current = null;
      redraw.current();
    });
    return () => {
      resized.disconnect();
      forget();
    };
  }, []);
  const told = useSlowly(label);
  return <canvas ref={canvas} class={`stats-chart stats-chart-${name}`} role="img" aria-label={told} />;
}

/** The system's theme, or one that was chosen on the page and stands at the root element. */
function watchTheme(tell: () => void): () => void {
  const queries = THEMES.map((query) => window.matchMedia(query));
  for (const query of queries) query.addEventListener("change", tell);
  const chosen = new MutationObserver(tell);
  chosen.observe(document.documentElement, { attributes: true });
  return () => {
    for (const query of queries) query.removeEventListener("change", tell);
    chosen.disconnect();
  };
}

function useSlowly(text: string): string {
  const told = useRef({ text, at: performance.now() });
  if (performance.now() - told.current.at >= LABEL_MS) told.current = { text, at: performance.now() };
  return told.current.text;
}
