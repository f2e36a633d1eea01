// How long something took, in words and on a clock.
import { plural } from "./fmt";

/** Between two moments of the server, never negative; null while one of them is not known. */
export function msBetween(from: string | number | null | undefined, to: string | number | null | undefined) {
  const ms = momentMs(to) - momentMs(from);
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

export function momentMs(at: string | number | null | undefined): number {
  return typeof at === "number" ? at : Date.parse(at ?? "");
}

/** "0.4 s", "34 s", "2 min 5 s", "3 h 10 min", "2 days". */
export function tookText(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 0.1) return "less than 0.1 s";
  if (seconds < 9.95) return `${(Math.floor(seconds * 10) / 10).toLocaleString("en")} s`;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return both(Math.floor(whole / 60), "min", whole % 60, "s");
  if (whole < 86_400) return both(Math.floor(whole / 3_600), "h", Math.floor((whole % 3_600) / 60), "min");
  return plural(Math.floor(whole / 86_400), "day");
}

/** "0:34", "2:05", "1:02:05": stands still in width while it runs. */
export function clockText(ms: number): string {
  const whole = Math.floor(ms / 1_000);
  const [hours, minutes, seconds] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number: number) => String(number).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

function both(large: number, unit: string, small: number, smaller: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smaller}`;
}
