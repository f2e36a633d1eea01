// How long to wait before the next try: longer after each failure, never the same for two pages.

export const LONGEST_WAIT_MS = 30_000;

/** Between half and the whole of `first * 2^(failures - 1)`, at most 30 s. The spread keeps a herd of pages apart. */
export function backoffMs(failures: number, first = 2_000, random: () => number = Math.random): number {
  const whole = Math.min(LONGEST_WAIT_MS, first * 2 ** Math.max(0, failures - 1));
  return Math.round(whole / 2 + (whole / 2) * random());
}
