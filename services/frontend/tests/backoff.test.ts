// How long the page waits before it tries again.
import { expect, test } from "vitest";
import { backoffMs, LONGEST_WAIT_MS } from "../src/core/backoff";

test("waits grow, stay in bounds and differ from page to page", () => {
  for (let failures = 1; failures < 40; failures++) {
    const whole = Math.min(LONGEST_WAIT_MS, 2_000 * 2 ** (failures - 1));
    expect(backoffMs(failures, 2_000, () => 0)).toBe(whole / 2);
    expect(backoffMs(failures, 2_000, () => 0.999_999)).toBeLessThanOrEqual(whole);
  }
});
