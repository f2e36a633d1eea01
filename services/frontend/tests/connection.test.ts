// What is said of a connection that comes and goes.
import { expect, test } from "vitest";
import { type Connection, isBack, newsOf } from "../src/core/connection";

const live: Connection = { kind: "live" };
const connecting: Connection = { kind: "connecting" };
const reconnecting: Connection = { kind: "reconnecting", retryAt: 5, heardAt: null };
const offline: Connection = { kind: "offline", heardAt: null };

test.each([
  [reconnecting, live, "Connection lost, trying again."],
  [offline, live, "You are offline."],
  [live, reconnecting, "Live again."],
  [live, offline, "Live again."],
  [live, connecting, ""],
  [connecting, offline, ""],
])("%o after %o", (now, before, news) => {
  expect(newsOf(now, before)).toBe(news);
  expect(isBack(now, before)).toBe(news === "Live again.");
});

test("another try of the same kind is no news", () => {
  expect(newsOf({ ...reconnecting, retryAt: 9 }, reconnecting)).toBe("");
});
