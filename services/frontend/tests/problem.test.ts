// Error answers of ours and of whoever stands in between.
import { expect, test } from "vitest";
import { mayPass, problemFrom, problemOf, problemText, retryAfter, unreachable } from "../src/core/problem";

test("any error answer makes a readable problem", async () => {
  const body = JSON.stringify({ title: "Away", detail: "Try later.", errors: [{ pointer: "/args/a" }, 3] });
  const told = await problemFrom(new Response(body, { status: 503, headers: { "Retry-After": "5" } }));
  const untold = await problemFrom(new Response("<html>", { status: 502 }));

  expect(told).toMatchObject({ status: 503, retryAfterSeconds: 5, errors: [{ pointer: "/args/a" }] });
  expect(problemText(told)).toBe("Away: Try later.");
  expect(problemText(untold)).toBe("The server answered 502");
});

test("what could not be reached or was busy may be asked again; what was refused may not", () => {
  expect(mayPass(unreachable())).toBe(true);
  for (const status of [429, 502, 503]) expect(mayPass(problemOf({}, status))).toBe(true);
  for (const status of [400, 403, 404]) expect(mayPass(problemOf({}, status))).toBe(false);
});

test("Retry-After may be seconds, a date or nonsense", () => {
  const after = (value: string) => retryAfter(new Headers({ "Retry-After": value }), 0);

  expect(after("7")).toBe(7);
  expect(after("Thu, 01 Jan 1970 00:00:09 GMT")).toBe(9);
  expect(after("soon")).toBeNull();
});
