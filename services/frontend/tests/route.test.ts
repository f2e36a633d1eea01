// The address says where one is; what it says wrong is left out.
import { expect, test } from "vitest";
import { HOME, isSameList, type Route, readRoute, writeRoute } from "../src/core/route";

const PLACES: Route[] = [
  HOME,
  { ...HOME, tab: "failed", task: "word_statistics", search: "night & day" },
  { ...HOME, view: "stats" },
  { ...HOME, job: "11111111-2222-4333-8444-555555555555", tab: "running" },
];

test.each(PLACES)("an address leads back to its place", (place) => {
  expect(readRoute(new URL(writeRoute(place), "http://x/y/").search)).toEqual(place);
});

test("home has no query", () => {
  expect(writeRoute(HOME)).toBe("./");
});

test.each(["?state=nonsense", "?view=constructor", "?state=__proto__", "?job=", "?unknown=1"])(
  "%s is home",
  (query) => {
    expect(readRoute(query)).toEqual(HOME);
  },
);

test("an open job does not change the list", () => {
  expect(isSameList(HOME, { ...HOME, job: "a", view: "start" })).toBe(true);
  expect(isSameList(HOME, { ...HOME, tab: "done" })).toBe(false);
});
