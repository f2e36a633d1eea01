// A sample for tests: an idle Headway, different only where the test says so.
import type { QueueFigures, Sample } from "../src/core/stats";

export function makeSample(at: number, different: Partial<Sample> = {}): Sample {
  return {
    at,
    totals: {},
    submitted: 0,
    started: 0,
    retried: 0,
    restarted: 0,
    finished: finishedWith(0),
    scheduled: 0,
    queues: [],
    tasks: [],
    ...different,
  };
}

export function finishedWith(succeeded: number, different: Partial<Sample["finished"]> = {}) {
  return { succeeded, failed: 0, timed_out: 0, lost: 0, cancelled: 0, expired: 0, ...different };
}

export function makeQueue(queue: string, different: Partial<QueueFigures> = {}): QueueFigures {
  return { queue, queued: 0, oldest_at: null, running: 0, workers: 1, slots: 4, ...different };
}
