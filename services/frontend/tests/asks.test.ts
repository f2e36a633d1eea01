// Cancel and retry: one request for one wish, and a row that says what came of it.
import { beforeEach, expect, test } from "vitest";
import { Api } from "../src/core/api";
import { ask } from "../src/core/asks";
import type { Job } from "../src/core/job";
import { JobStore, type Row } from "../src/core/store";
import { makeJob } from "./make-job";

const CANCEL = { cancel: "/jobs/a/cancel" };
const RETRY = { retry: "/jobs/a/retry" };
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const refusal = (status: number, slug: string) =>
  json({ type: `/problems/${slug}`, title: "No", detail: "Not now." }, status);

let store: JobStore;
let requests: string[];
let answer: () => Response;
let present: Job | null;

const server = (async (address: string, init: RequestInit) => {
  requests.push(`${init.method ?? "GET"} ${new URL(address).pathname}`);
  if (init.method === "POST") return answer();
  return present ? json(present) : json({}, 503);
}) as typeof fetch;

const api = new Api("http://h/prefix/", server);
const row = () => store.all()[0] as Row;

beforeEach(() => {
  store = new JobStore();
  requests = [];
  present = null;
  answer = () => json({}, 500);
});

test("a waiting job is cancelled with the answer", async () => {
  store.add("a", makeJob({ links: CANCEL }));
  answer = () => json(makeJob({ version: 2, state: "REVOKED", links: RETRY }));

  await ask(api, store, "a", "cancel");

  expect(requests).toEqual(["POST /prefix/jobs/a/cancel"]);
  expect(row()).toMatchObject({ ask: null, job: { state: "REVOKED" } });
});

test("a retried job is unfinished again", async () => {
  store.add("a", makeJob({ state: "FAILURE", links: RETRY }));
  answer = () => json(makeJob({ version: 2, state: "RETRY", links: CANCEL }), 202);

  await ask(api, store, "a", "retry");

  expect(requests).toEqual(["POST /prefix/jobs/a/retry"]);
  expect(store.unfinishedIds()).toEqual(["a"]);
});

test("a double click is one request, and so is a click after the request to stop was taken", async () => {
  const asked = makeJob({
    version: 2,
    state: "PROGRESS",
    cancel_requested_at: "2026-05-04T08:00:00Z",
    links: CANCEL,
  });
  store.add("a", makeJob({ state: "PROGRESS", links: CANCEL }));
  answer = () => json(asked, 202);

  await Promise.all([ask(api, store, "a", "cancel"), ask(api, store, "a", "cancel")]);
  await ask(api, store, "a", "cancel");

  expect(requests).toHaveLength(1);
});

test("a job that ended before it could be cancelled shows its end and no error", async () => {
  store.add("a", makeJob({ state: "PROGRESS", links: CANCEL }));
  answer = () => refusal(409, "already-finished");
  present = makeJob({ version: 2, state: "SUCCESS", result: 42, links: {} });

  await ask(api, store, "a", "cancel");

  expect(row()).toMatchObject({ ask: null, job: { state: "SUCCESS", result: 42 } });
});

test("a job that somebody else has retried already is followed, without an error", async () => {
  store.add("a", makeJob({ state: "FAILURE", links: RETRY }));
  answer = () => refusal(409, "not-retryable");
  present = makeJob({ version: 3, state: "PROGRESS", links: CANCEL });

  await ask(api, store, "a", "retry");

  expect(row().ask).toBeNull();
  expect(store.unfinishedIds()).toEqual(["a"]);
});

test("a refusal stays on the row with the job unharmed, until it is asked again", async () => {
  store.add("a", makeJob({ state: "PROGRESS", percent: 40, links: CANCEL }));
  answer = () => refusal(503, "backend-unavailable");

  await ask(api, store, "a", "cancel");

  expect(row()).toMatchObject({ ask: { problem: { detail: "Not now." } }, job: { percent: 40 } });
  expect(store.beginAsk("a", "cancel")).toBe(true);
  expect(row().ask?.problem).toBeNull();
});

test("a refusal goes when the job ends by itself", async () => {
  store.add("a", makeJob({ state: "PROGRESS", links: CANCEL }));
  answer = () => refusal(503, "backend-unavailable");
  await ask(api, store, "a", "cancel");

  store.mergeJob({ id: "a", version: 2, state: "SUCCESS", links: {} });

  expect(row().ask).toBeNull();
});

test("a retry whose answer was lost on the way is found out", async () => {
  store.add("a", makeJob({ state: "FAILURE", links: RETRY }));
  answer = () => {
    throw new TypeError("network");
  };
  present = makeJob({ version: 2, state: "RETRY", links: CANCEL });

  await ask(api, store, "a", "retry");

  expect(row()).toMatchObject({ ask: null, job: { state: "RETRY" } });
});

test.each([
  [404, "job-not-found", "missing"],
  [410, "job-expired", "expired"],
  [404, "not-found", "known"],
])("after a %i %s the row is %s", async (status, slug, standing) => {
  store.add("a", makeJob({ state: "FAILURE", links: RETRY }));
  answer = () => refusal(status, slug);

  await ask(api, store, "a", "retry");

  expect(row().standing).toBe(standing);
});
