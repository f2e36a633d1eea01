// When two submits are one wish.
import { expect, test } from "vitest";
import { DOUBLE_CLICK_MS, IdempotencyKeys } from "../src/core/idempotency";

test("a double click has one key, other content another, a later wish a new one", () => {
  const keys = new IdempotencyKeys();
  const first = keys.keyFor("a", 0);
  keys.accepted(100);

  expect(keys.keyFor("a", 100 + DOUBLE_CLICK_MS)).toBe(first);
  expect(keys.keyFor("a", 101 + DOUBLE_CLICK_MS)).not.toBe(first);
  expect(keys.keyFor("b", 102 + DOUBLE_CLICK_MS)).not.toBe(keys.keyFor("a", 0));
  expect(first).toMatch(/^[0-9a-f]{32}$/);
});

test("a submit that was not accepted keeps its key however late it is tried again", () => {
  const keys = new IdempotencyKeys();

  expect(keys.keyFor("a", 0)).toBe(keys.keyFor("a", 3_600_000));
});
