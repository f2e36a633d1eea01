import { expect, test } from "vitest";
import { type Move, stepsOf } from "../src/core/timeline";
import { makeJob } from "./make-job";

const WHY: Partial<Record<Move["state"], string>> = {
  PENDING: "submitted",
  STARTED: "claimed",
  PROGRESS: "progressed",
  RETRY: "failed",
  SUCCESS: "succeeded",
  FAILURE: "failed",
  REVOKED: "cancelled",
};

function move(second: number, state: Move["state"], attempt = 1, different: Partial<Move> = {}): Move {
  const at = new Date(Date.UTC(2026, 4, 4, 8, 0, second)).toISOString();
  return { at, state, attempt, why: WHY[state] ?? "", detail: null, worker: null, ...different };
}

function told(moves: Move[], job = makeJob()): string[] {
  return stepsOf(moves, job).map(({ title, ending, spentMs }) =>
    [title, ending, spentMs].filter(Boolean).join(" "),
  );
}

test("a job that went well was accepted, ran once and is done", () => {
  const steps = told([move(0, "PENDING", 0), move(4, "STARTED"), move(5, "PROGRESS"), move(9, "SUCCESS")]);

  expect(steps).toEqual(["Accepted 4000", "Attempt 1 succeeded 5000", "Done"]);
});

test("a failed attempt says why, and is followed by a pause and by the next one", () => {
  const failed = move(9, "RETRY", 1, { why: "failed", detail: "ConnectionError: refused" });
  const moves = [
    move(0, "PENDING", 0),
    move(1, "STARTED"),
    failed,
    move(17, "STARTED", 2, { worker: "w-2" }),
  ];

  const steps = stepsOf(moves, makeJob({ state: "STARTED" }));

  expect(told(moves)).toEqual(["Accepted 1000", "Attempt 1 failed 8000", "Pause 8000", "Attempt 2"]);
  expect(steps[1]?.detail).toBe("ConnectionError: refused");
  expect(steps[3]).toMatchObject({ worker: "w-2", spentMs: null, tone: "running" });
});

test("a pause that goes on ends at the job's time, one that is over has no countdown", () => {
  const due = "2026-05-04T08:00:30.000Z";
  const moves = [move(0, "PENDING", 0), move(1, "STARTED"), move(9, "RETRY", 1, { why: "failed" })];
  const job = makeJob({ state: "RETRY", scheduled_for: due });

  const going = stepsOf(moves, job).at(-1);
  const over = stepsOf([...moves, move(30, "STARTED", 2)], job)[2];

  expect(going).toMatchObject({ title: "Pause", until: due });
  expect(over).toMatchObject({ title: "Pause", until: null, spentMs: 21_000 });
});

test.each([
  ["lost", "its worker was lost"],
  ["drained", "its worker was stopped"],
])("an attempt that was %s goes back in line without a pause", (why, ending) => {
  const moves = [
    move(0, "PENDING", 0),
    move(1, "STARTED"),
    move(9, "RETRY", 1, { why }),
    move(10, "STARTED", 2),
  ];

  const steps = stepsOf(moves, makeJob());

  expect(steps[1]?.ending).toBe(ending);
  expect(steps[2]).toMatchObject({ title: "Back in line", span: "waited" });
});

test("who asked for another attempt of an ended job is told from one that tries itself", () => {
  const moves = [
    move(0, "PENDING", 0),
    move(1, "STARTED"),
    move(2, "FAILURE"),
    move(60, "RETRY", 1, { why: "restarted" }),
  ];

  expect(told(moves)).toEqual([
    "Accepted 1000",
    "Attempt 1 failed 1000",
    "Failed for good 58000",
    "Asked to run again",
  ]);
});

test("a job that never ran ends without an attempt", () => {
  const cancelled = told([move(0, "PENDING", 0), move(5, "REVOKED", 0, { why: "cancelled" })]);
  const expired = told([move(0, "PENDING", 0), move(5, "REVOKED", 0, { why: "expired" })]);

  expect(cancelled).toEqual(["Accepted 5000", "Cancelled"]);
  expect(expired).toEqual(["Accepted 5000", "Expired: nobody started it in time"]);
});

test("times that run backwards make no negative time", () => {
  const steps = stepsOf([move(5, "PENDING", 0), move(4, "STARTED")], makeJob());

  expect(steps[0]?.spentMs).toBe(0);
});

test("a state of a newer server is shown as it is", () => {
  const unknown = move(2, "PAUSED" as Move["state"], 0, { why: "held" });

  expect(told([move(0, "PENDING", 0), unknown])).toEqual(["Accepted 2000", "PAUSED"]);
});

test("a job that waited for its time says when it came", () => {
  const due = move(30, "PENDING", 0, { why: "due" });

  expect(told([move(0, "PENDING", 0), due, move(31, "STARTED")])).toEqual([
    "Accepted 30000",
    "Its time came 1000",
    "Attempt 1",
  ]);
});

test("why a client cancelled it stands with the end, not with the attempt", () => {
  const cancelled = move(9, "REVOKED", 1, { detail: "wrong month" });

  const steps = stepsOf([move(0, "PENDING", 0), move(1, "STARTED"), cancelled], makeJob());

  expect(steps.map(({ ending, detail }) => ending + detail)).toEqual(["", "cancelled", "wrong month"]);
});

test("of a story with a gap nobody says how long the gap was", () => {
  const moves = Array.from({ length: 100 }, (_, index) => move(index < 20 ? index : index + 500, "RETRY"));

  const steps = stepsOf(moves, makeJob());

  expect(steps[18]?.spentMs).toBe(1_000);
  expect(steps[19]?.spentMs).toBeNull();
});
