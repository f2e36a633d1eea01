// Only rows on the screen are drawn, with some around them, and the one that has the focus.
import { expect, test } from "vitest";
import { placesOf, spanOf } from "../src/core/windowed";

test("the rows on the screen and some around them are drawn", () => {
  expect(spanOf(2000, 400, 40, 1000)).toEqual({ first: 42, end: 68 });
});

test.each([
  [0, 0, { first: 0, end: 0 }],
  [0, 3, { first: 0, end: 3 }],
  [99_999, 3, { first: 2, end: 3 }],
  [-500, 1000, { first: 0, end: 6 }],
])("an offset of %i in a list of %i", (offset, count, span) => {
  expect(spanOf(offset, 400, 40, count)).toEqual(span);
});

test("the row with the focus is drawn wherever it is", () => {
  expect(placesOf({ first: 5, end: 8 }, 2)).toEqual([2, 5, 6, 7]);
  expect(placesOf({ first: 5, end: 8 }, 6)).toEqual([5, 6, 7]);
  expect(placesOf({ first: 5, end: 8 }, 90)).toEqual([5, 6, 7, 90]);
  expect(placesOf({ first: 5, end: 8 }, -1)).toEqual([5, 6, 7]);
});
