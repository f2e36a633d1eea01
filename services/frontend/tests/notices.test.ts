// What stands above the list: queues in which jobs wait for nobody; and figures as they are read.
import { expect, test } from "vitest";
import { unservedText } from "../src/core/notices";
import { readSample } from "../src/core/stats";
import { makeQueue, makeSample } from "./make-sample";

const lonely = (queue: string, queued: number) => makeQueue(queue, { queued, workers: 0, slots: 0 });

test("nothing is said while every queue with jobs has a worker", () => {
  const queues = [makeQueue("default", { queued: 9 }), lonely("empty", 0)];

  expect(unservedText(makeSample(0, { queues }))).toBe("");
  expect(unservedText(undefined)).toBe("");
});

test("queues without a worker are named, with how many wait", () => {
  const one = unservedText(makeSample(0, { queues: [lonely("gpu", 3)] }));
  const two = unservedText(makeSample(0, { queues: [lonely("gpu", 3), lonely("mail", 1)] }));

  expect(one).toContain("No worker serves the queue “gpu” (3 waiting).");
  expect(two).toContain("the queues “gpu” (3 waiting), “mail” (1 waiting).");
});

test.each(["", "not json", "null", "3", "{}", '{"totals":null}'])("%j is no document of figures", (data) => {
  expect(readSample(data)).toBeNull();
});
