// The states of the job view, each with its job, its moves and its log.
import type { Job } from "../../src/core/job";
import { problemOf } from "../../src/core/problem";
import type { LogLine } from "../../src/core/store";
import type { Move } from "../../src/core/timeline";
import type { JobViewProps } from "../../src/page/JobView";
import { makeJob } from "../make-job";

type Case = { row: JobViewProps["row"]; moves?: Move[]; log?: LogLine[]; result?: string };
const DETAILS: Record<string, string> = {
  failed: "ConnectionError: Connection refused",
  cancelled: "wrong month",
};
const ID = "cdaf5d0e-e88e-4b4f-ad34-fef4371673cc";

export function casesAt(startAt: number): Record<string, Case> {
  const ago = (seconds: number) => new Date(startAt - seconds * 1_000).toISOString();
  const job = (different: Partial<Job>): Job =>
    makeJob({
      id: ID,
      task: "long_task",
      args: { steps: 100, mode: "exact", seed: 12 },
      created_at: ago(45),
      started_at: ago(34),
      finished_at: null,
      updated_at: ago(0),
      total: 100,
      current: 30,
      percent: 30,
      version: 40,
      state: "PROGRESS",
      status: "Verifying orbital lattice…",
      links: { cancel: "x" },
      ...different,
    });
  const row = (different: Partial<Job>, rest: Partial<Case["row"]> = {}): Case["row"] => ({
    job: job(different),
    problem: null,
    standing: "known",
    ask: null,
    isResumed: false,
    ...rest,
  });
  const move = (at: number, state: Move["state"], attempt: number, rest: Partial<Move> = {}): Move => ({
    at: ago(at),
    state,
    attempt,
    why: "progressed",
    detail: null,
    worker: null,
    ...rest,
  });
  const error = {
    ...problemOf({ type: "/problems/task-failed", title: "The task failed" }),
    ended_by: "task",
  } as const;
  const text = "Connection refused by https://reports.example/api (port 443).\nTried 3 times.";
  const failed = { ...error, detail: text, exception: "ConnectionError" };
  const retried = [
    move(70, "PENDING", 0, { why: "submitted" }),
    move(66, "STARTED", 1, { why: "claimed", worker: "worker-1" }),
    move(65, "PROGRESS", 1),
    move(57, "RETRY", 1, { why: "failed", detail: "ConnectionError: Connection refused" }),
    move(49, "STARTED", 2, { why: "claimed", worker: "worker-2" }),
    move(47, "RETRY", 2, { why: "lost", detail: null }),
    move(34, "STARTED", 3, { why: "claimed", worker: "worker-2-with-a-long-name.example" }),
  ];
  const log = (count: number): LogLine[] =>
    Array.from({ length: count }, (_, index) => ({
      line: `${index + 1}-0`,
      text:
        index % 7 === 3
          ? `A longer line about what happened at step ${index}, see https://example.org/steps?x=${index} for more of it`
          : `Line ${index}`,
      at: ago(count - index),
    }));
  const done = {
    state: "SUCCESS",
    percent: 100,
    current: 100,
    status: "",
    finished_at: ago(3),
    links: {},
  } as const;
  const table = Array.from({ length: 40 }, (_, index) => ({
    city: `City ${index}`,
    people: index * 12_345,
    link: `https://example.org/${index}`,
    note: index % 3 ? null : "has a note",
  }));
  const end = (state: Move["state"], why: string): Move[] => [
    ...retried,
    move(3, state, 3, { why, detail: DETAILS[why] ?? null }),
  ];
  return {
    running: { row: row({}), moves: retried, log: log(3) },
    log: { row: row({}), moves: retried, log: log(1_000) },
    unknown: { row: row({ total: null, percent: null, current: 12_480 }), moves: retried },
    silent: { row: row({ updated_at: ago(40) }), moves: retried, log: log(5) },
    stale: { row: row({ total: null, percent: null }), moves: retried, log: log(5) },
    waiting: {
      row: row({
        state: "PENDING",
        percent: 0,
        current: 0,
        started_at: null,
        waiting_for: "worker",
        queue: "gpu",
      }),
      moves: retried.slice(0, 1),
    },
    queued: {
      row: row({
        state: "PENDING",
        percent: 0,
        current: 0,
        started_at: null,
        waiting_for: "slot",
        queue_position: 7,
      }),
      moves: retried.slice(0, 1),
    },
    scheduled: {
      row: row({
        state: "PENDING",
        percent: 0,
        current: 0,
        started_at: null,
        waiting_for: "schedule",
        scheduled_for: ago(-95),
      }),
      moves: [move(70, "PENDING", 0, { why: "submitted" })],
    },
    retry: {
      row: row({
        state: "RETRY",
        attempt: 1,
        error: failed,
        scheduled_for: ago(-20),
        waiting_for: "schedule",
        updated_at: ago(57),
      }),
      moves: retried.slice(0, 4),
    },
    cancelling: { row: row({ cancel_requested_at: ago(2) }), moves: retried },
    failed: {
      row: row({
        state: "FAILURE",
        attempt: 3,
        error: failed,
        status: "",
        finished_at: ago(3),
        links: { retry: "x" },
      }),
      moves: end("FAILURE", "failed"),
      log: log(12),
    },
    cancelled: {
      row: row({
        state: "REVOKED",
        error: {
          ...problemOf({
            type: "/problems/cancelled",
            title: "The job was cancelled",
            detail:
              "A client cancelled the job while it ran, and the task stopped. The reason given: wrong month",
          }),
          ended_by: "client",
        },
        status: "",
        finished_at: ago(3),
        links: { retry: "x" },
      }),
      moves: end("REVOKED", "cancelled"),
    },
    table: { row: row({ ...done, result: table }), moves: end("SUCCESS", "succeeded"), log: log(4) },
    json: {
      row: row({
        ...done,
        result: {
          url: "https://example.org/report.pdf",
          deep: { list: [1, 2, 3], nested: [{ a: 1, b: [1, { c: 2 }] }] },
          text: "<img src=x onerror=alert(1)> javascript:alert(1)",
          many: Array.from({ length: 200 }, (_, index) => `entry number ${index}`),
        },
      }),
      moves: end("SUCCESS", "succeeded"),
    },
    text: {
      row: row({ ...done, result: "First line\nSecond line with https://example.org/a_(b)\n\n  indented" }),
      moves: end("SUCCESS", "succeeded"),
    },
    nothing: { row: row({ ...done }), moves: end("SUCCESS", "succeeded") },
    elsewhere: {
      row: row({ ...done, result: null }),
      moves: end("SUCCESS", "succeeded"),
      result: JSON.stringify(table),
    },
    missing: { row: { ...row({}), job: null, standing: "missing" } },
    expired: { row: row({ ...done, expires_at: ago(-86_397) }, { standing: "expired" }) },
    loading: { row: { ...row({}), job: null, standing: "loading" } },
    refused: {
      row: row(
        {},
        {
          ask: {
            action: "cancel",
            problem: problemOf({ title: "Gone away", detail: "The job store does not answer." }),
          },
        },
      ),
      moves: retried,
    },
  };
}
