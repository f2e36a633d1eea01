// The strokes of the small charts. What nobody knows is left blank: the ground line ends there too.
import { mostOf, type Series, type Throughput } from "../core/rates";

export type Colours = { main: string; other: string; ground: string };
/** Width and height in device pixels; `unit` is one CSS pixel in them. */
export type Paper = { context: CanvasRenderingContext2D; width: number; height: number; unit: number };
export type Draw = (paper: Paper, colours: Colours) => void;

/** As many pixels as the screen has for it, and all of them blank. */
export function blankPaper(canvas: HTMLCanvasElement): Paper | null {
  const context = canvas.getContext("2d");
  const unit = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * unit), Math.round(canvas.clientHeight * unit)];
  if (!context || width === 0 || height === 0) return null;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  context.clearRect(0, 0, width, height);
  return { context, width, height, unit };
}

/** Text and border of the canvas: the browser resolves those, whatever a theme's tokens are made of. */
export function coloursOf(canvas: HTMLCanvasElement): Colours {
  const style = getComputedStyle(canvas);
  return { main: style.color, other: style.borderTopColor, ground: style.outlineColor };
}

/** Failed stand on the done ones, striped, and never lower than one can see. */
export function drawThroughput(throughput: Throughput): Draw {
  return (paper, colours) => {
    const { context, height, unit } = paper;
    const { done, failed } = throughput;
    const most = Math.max(1, mostOf(throughput));
    const tall = (amount: number) => (amount > 0 ? Math.max(2 * unit, (amount / most) * (height - unit)) : 0);
    drawGround(paper, done, colours);
    done.forEach((each, second) => {
      const [from, to] = placeOf(paper, second, done.length);
      const width = Math.max(1, to - from - unit);
      const top = height - unit - tall(each ?? 0);
      context.fillStyle = colours.main;
      context.fillRect(from, top, width, tall(each ?? 0));
      context.fillStyle = colours.other;
      const end = Math.max(0, top - tall(failed[second] ?? 0));
      for (let y = top - unit; y > end - unit; y -= 3 * unit)
        context.fillRect(from, y - unit, width, 2 * unit);
    });
  };
}

/** An area under a line of steps: a level holds for its second. */
export function drawLevel(levels: Series): Draw {
  return (paper, colours) => {
    const { context, height, unit } = paper;
    const most = Math.max(1, ...levels.map((level) => level ?? 0));
    drawGround(paper, levels, colours);
    context.fillStyle = context.strokeStyle = colours.main;
    context.lineWidth = 2 * unit;
    context.beginPath();
    levels.forEach((level, second) => {
      if (level === null) return;
      const [from, to] = placeOf(paper, second, levels.length);
      const line = height - 2 * unit - (level / most) * (height - 3 * unit);
      context.globalAlpha = 0.18;
      context.fillRect(from, line, to - from, height - unit - line);
      // After a gap the line begins anew.
      if (typeof levels[second - 1] === "number") context.lineTo(from, line);
      else context.moveTo(from, line);
      context.lineTo(to, line);
    });
    context.globalAlpha = 1;
    context.stroke();
  };
}

function drawGround(paper: Paper, series: Series, { ground }: Colours): void {
  const { context, height, unit } = paper;
  context.fillStyle = ground;
  series.forEach((each, second) => {
    const [from, to] = placeOf(paper, second, series.length);
    if (each !== null) context.fillRect(from, height - unit, to - from, unit);
  });
}

/** On whole pixels, so that edges are sharp. */
function placeOf({ width }: Paper, second: number, seconds: number): [number, number] {
  return [Math.round((second * width) / seconds), Math.round(((second + 1) * width) / seconds)];
}
