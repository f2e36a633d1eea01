import { expect, test } from "vitest";
import { ServerClock } from "../src/core/clock";
import { curlOf } from "../src/core/curl";
import { clockText, msBetween, tookText } from "../src/core/duration";
import { endingOf, errorText } from "../src/core/ending";
import { linesWith, logText, mergedLog } from "../src/core/log";
import { problemOf } from "../src/core/problem";
import { makeJob } from "./make-job";

const line = (name: string, text = name) => ({ line: name, text, at: "2026-05-04T08:00:00Z" });
const names = (lines: readonly { line: string }[]) => lines.map((each) => each.line);

test("the log has each line once, in the server's order", () => {
  const asked = [line("9-1"), line("11-2"), line("11-10")];

  const merged = mergedLog(asked, [line("10-1"), line("11-2"), line("12-1")]);

  expect(names(merged)).toEqual(["9-1", "10-1", "11-2", "11-10", "12-1"]);
});

test("a log without news stays the very same list", () => {
  const asked = [line("1-1")];

  expect(mergedLog(asked, [line("1-1")])).toBe(asked);
});

test("the filter looks for words in any case", () => {
  const lines = [line("1-1", "Reading A"), line("1-2", "writing b")];

  expect(names(linesWith(lines, " READ "))).toEqual(["1-1"]);
  expect(linesWith(lines, " ")).toBe(lines);
});

test("a copied log has a line for each line", () => {
  expect(logText([line("1-1", "a"), line("1-2", "b")])).toBe(
    "2026-05-04T08:00:00Z a\n2026-05-04T08:00:00Z b\n",
  );
});

test("clocks that may agree do, others are set by what the server says", () => {
  const agrees = new ServerClock();
  agrees.learn(
    "Mon, 04 May 2026 08:00:00 GMT",
    Date.UTC(2026, 4, 4, 8, 0, 0, 400),
    Date.UTC(2026, 4, 4, 8, 0, 0, 450),
  );
  const isAhead = new ServerClock();
  isAhead.learn("Mon, 04 May 2026 08:01:00 GMT", Date.UTC(2026, 4, 4, 8), Date.UTC(2026, 4, 4, 8, 0, 0, 50));

  expect(agrees.now(1_000)).toBe(1_000);
  expect(isAhead.now(1_000)).toBe(1_000 + 59_950);
});

test("a clock that was set meanwhile is learnt anew, a broken date is not", () => {
  const clock = new ServerClock();
  clock.learn("Mon, 04 May 2026 08:01:00 GMT", Date.UTC(2026, 4, 4, 8), Date.UTC(2026, 4, 4, 8));
  clock.learn("Mon, 04 May 2026 08:02:00 GMT", Date.UTC(2026, 4, 4, 8, 2), Date.UTC(2026, 4, 4, 8, 2));
  clock.learn("soon", 0, 0);
  clock.learn(null, 0, 0);

  expect(clock.now(1_000)).toBe(1_000);
});

test("no time between two moments is negative, or a number that is none", () => {
  expect(msBetween("2026-05-04T08:00:01Z", "2026-05-04T08:00:00Z")).toBe(0);
  expect(msBetween(null, "2026-05-04T08:00:00Z")).toBeNull();
});

test.each([
  [40, "less than 0.1 s", "0:00"],
  [430, "0.4 s", "0:00"],
  [34_900, "34 s", "0:34"],
  [125_000, "2 min 5 s", "2:05"],
  [11_400_000, "3 h 10 min", "3:10:00"],
  [7_200_000, "2 h", "2:00:00"],
  [180_000_000, "2 days", "50:00:00"],
])("%d ms reads %s, on a clock %s", (ms, took, clock) => {
  expect(tookText(ms)).toBe(took);
  expect(clockText(ms)).toBe(clock);
});

test("the commands survive quotes in the arguments", () => {
  const text = curlOf("https://host.example/x/", { id: "a b", task: "t" }, { word: "it's" });

  expect(text).toContain(`-d '{"task":"t","args":{"word":"it'\\''s"}}'`);
  expect(text).toContain("curl -s 'https://host.example/x/status/a%20b'");
});

test("an exception says where its traceback is, and can be copied whole", () => {
  const error = {
    ...problemOf({ type: "/problems/task-failed", detail: "no such month" }),
    ended_by: "task" as const,
  };
  const job = makeJob({ id: "j-1", state: "FAILURE", error: { ...error, exception: "ValueError" } });

  expect(endingOf(job).trace).toContain("look there for j-1");
  expect(errorText(job)).toBe("long_task j-1, attempt 1, 2026-05-04T08:00:00Z\nValueError: no such month");
});

test("a job that is tried again needs nobody", () => {
  const job = makeJob({ state: "RETRY", error: problemOf({ type: "/problems/task-failed" }) });

  expect(endingOf(job)).toMatchObject({ who: "", advice: "It is tried again by itself." });
});
