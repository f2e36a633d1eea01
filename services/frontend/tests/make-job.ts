// A job document and a row for tests: complete, plain, and different only where the test says so.
import type { Job } from "../src/core/job";
import type { Row } from "../src/core/store";

export function makeJob(different: Partial<Job> = {}): Job {
  return {
    id: "a",
    version: 1,
    state: "PENDING",
    task: "long_task",
    current: 0,
    total: 1,
    percent: 0,
    status: "Pending...",
    error: null,
    attempt: 1,
    queue: "default",
    scheduled_for: null,
    started_at: null,
    updated_at: "2026-05-04T08:00:00Z",
    cancel_requested_at: null,
    eta_seconds: null,
    queue_position: null,
    waiting_for: null,
    ...different,
  };
}

export function makeRow(job: Partial<Job> = {}, different: Partial<Row> = {}): Row {
  return {
    key: "1",
    id: "a",
    standing: "known",
    job: makeJob(job),
    problem: null,
    log: [],
    ask: null,
    isResumed: false,
    ...different,
  };
}
