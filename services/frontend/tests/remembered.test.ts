// What is kept over a reload.
import { expect, test } from "vitest";
import { rememberIn } from "../src/core/remembered";
import { fakeStorage } from "./fake-storage";

test("ids are remembered newest first, once, at most 200, per prefix", () => {
  const storage = fakeStorage();
  const memory = rememberIn(() => storage, "http://h/x/");
  for (let number = 0; number < 205; number++) memory.add(`job-${number}`);
  memory.add("job-100");
  memory.drop(["job-204"]);

  expect(memory.all().slice(0, 2)).toEqual(["job-100", "job-203"]);
  expect(memory.all()).toHaveLength(199);
  expect(rememberIn(() => storage, "http://h/y/").all()).toEqual([]);
});

test("without storage nothing is remembered and nothing breaks", () => {
  const memory = rememberIn(() => {
    throw new Error("SecurityError");
  }, "http://h/");
  memory.add("a");

  expect(memory.all()).toEqual([]);
  expect(rememberIn(() => fakeStorage({ "headway.jobs /": "{" }), "http://h/").all()).toEqual([]);
});
