// One thing done to many jobs: a hundred at a time, counted, and stopped by the first refusal of all.
import { expect, test } from "vitest";
import { Api, type Outcome } from "../src/core/api";
import { actOnAll, type Tally, tallyText } from "../src/core/bulk";

const ids = Array.from({ length: 250 }, (_, place) => `job-${place}`);

function apiOf(answer: (asked: string[], path: string) => Response): Api {
  const fetch = async (address: string, init: RequestInit) =>
    answer(JSON.parse(String(init.body)).ids, new URL(address).pathname);
  return new Api("http://h/", fetch as typeof globalThis.fetch);
}

const outcome = (id: string, status: number): Outcome => ({ id, status, state: null, detail: null });
const makeTally = (different: Partial<Tally>): Tally => ({
  action: "cancel",
  total: 0,
  done: 0,
  taken: 0,
  late: 0,
  problem: null,
  ...different,
});

test("many jobs are asked in hundreds, and each hundred is told", async () => {
  const asked: [string, number][] = [];
  const told: number[] = [];
  const api = apiOf((some, path) => {
    asked.push([path, some.length]);
    return Response.json({ results: some.map((id, place) => outcome(id, place === 0 ? 409 : 202)) });
  });

  const tally = await actOnAll(api, ids, "cancel", ({ done }) => told.push(done));

  expect(asked).toEqual([
    ["/jobs/cancel", 100],
    ["/jobs/cancel", 100],
    ["/jobs/cancel", 50],
  ]);
  expect(told).toEqual([100, 200, 250]);
  expect(tally).toMatchObject({ total: 250, done: 250, taken: 247, late: 3, problem: null });
});

test("a server that refuses ends it, and what was done until then stays counted", async () => {
  let questions = 0;
  const api = apiOf((some) => {
    questions += 1;
    if (questions > 1) return Response.json({ title: "Away", detail: "Redis is away." }, { status: 503 });
    return Response.json({ results: some.map((id) => outcome(id, 202)) });
  });

  const tally = await actOnAll(api, ids, "retry", () => {});

  expect(questions).toBe(2);
  expect(tally).toMatchObject({ total: 250, done: 100, taken: 100 });
  expect(tallyText(tally)).toBe("100 running again. Stopped at 100 of 250: Redis is away.");
});

test.each([
  [{ done: 2, taken: 2 }, "2 asked to stop."],
  [{ done: 3, taken: 2, late: 1 }, "2 asked to stop, 1 could not be: they had moved on."],
])("the whole is one sentence: %o", (different, text) => {
  expect(tallyText(makeTally({ total: 3, ...different }))).toBe(text);
});
