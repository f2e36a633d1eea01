// The list against a server made of pages: what is asked, in which order ids stand, and what a slow answer may do.
import { beforeEach, expect, test } from "vitest";
import { Api } from "../src/core/api";
import { Board } from "../src/core/board";
import { Listing, type ListState, unfinishedOf } from "../src/core/listing";
import { makeJob } from "./make-job";

const ANY = { states: [], task: "", search: "" } as const;

let jobs: string[];
let asked: URLSearchParams[];
let answer: (query: URLSearchParams) => Response | Promise<Response>;
let board: Board;
let state: ListState;
let listing: Listing;

/** Newest first; a token is the place to go on from. */
function pageOf(query: URLSearchParams): Response {
  const from = Number(query.get("page_token") ?? 0);
  const end = from + Number(query.get("page_size"));
  const body = {
    jobs: jobs.slice(from, end).map((id) => makeJob({ id })),
    next_page_token: end < jobs.length ? String(end) : null,
  };
  return Response.json(body);
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
const named = (count: number) => Array.from({ length: count }, (_, place) => `job-${place}`);

beforeEach(() => {
  jobs = named(3);
  asked = [];
  answer = pageOf;
  board = new Board();
  const fetch = (async (address: string) => {
    const { searchParams } = new URL(address);
    asked.push(searchParams);
    return answer(searchParams);
  }) as typeof globalThis.fetch;
  listing = new Listing(new Api("http://h/", fetch), board, (now) => {
    state = now;
  });
});

test("the first page stands as the server lists it, and its jobs are on the board", async () => {
  listing.show({ states: ["STARTED", "PROGRESS"], task: "crawl", search: "a b" });
  await settled();

  expect(state).toMatchObject({ ids: jobs, isComplete: true, isKnown: true, isLoading: false });
  expect(board.job("job-0")).toMatchObject({ id: "job-0" });
  expect(Object.fromEntries(asked[0] ?? [])).toEqual({
    page_size: "100",
    state: "STARTED,PROGRESS",
    task: "crawl",
    q: "a b",
  });
});

test("further pages follow, and the last one makes the list complete", async () => {
  jobs = named(350);
  listing.show(ANY);
  await settled();
  expect(state).toMatchObject({ isComplete: false });

  await listing.more();
  await listing.more();
  await listing.more();

  expect(state).toMatchObject({ ids: jobs, isComplete: true });
  expect(asked).toHaveLength(3);
});

test("a job that moved down meanwhile is not listed twice", async () => {
  jobs = named(150);
  listing.show(ANY);
  await settled();
  jobs = ["new", ...jobs];

  await listing.more();

  expect(new Set(state.ids).size).toBe(state.ids.length);
});

test("a refresh brings new jobs to the top and leaves what stands below", async () => {
  jobs = named(500);
  listing.show(ANY);
  await settled();
  await listing.more();
  await listing.more();
  jobs = ["new", ...jobs];

  await listing.refresh();

  expect(state.ids).toEqual(jobs.slice(0, 501));
  expect(state.isComplete).toBe(true);
});

test("when more came than a refresh asks for, the list begins anew without a hole", async () => {
  jobs = named(100);
  listing.show(ANY);
  await settled();
  jobs = [...named(900).map((id) => `new ${id}`), ...jobs];

  await listing.refresh();
  expect(state.isComplete).toBe(false);
  await listing.more();

  expect(state.ids).toEqual(jobs.slice(0, state.ids.length));
});

test("the answer to an older filter is dropped, however late it comes", async () => {
  let release = (_: Response) => {};
  answer = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  listing.show(ANY);
  const slow = release;
  answer = () => Response.json({ jobs: [makeJob({ id: "fits" })], next_page_token: null });
  listing.show({ ...ANY, search: "fits" });
  await settled();

  slow(Response.json({ jobs: [makeJob({ id: "other" })], next_page_token: null }));
  await settled();

  expect(state.ids).toEqual(["fits"]);
});

test("rows stay when the server does not answer, and why is told", async () => {
  listing.show(ANY);
  await settled();
  answer = () => Response.json({ title: "Away", status: 503 }, { status: 503 });

  await listing.refresh();

  expect(state).toMatchObject({ ids: jobs, isLoading: false });
  expect(state.problem?.status).toBe(503);
});

test("a listed document does not replace one of the same version that is followed", async () => {
  board.add("job-0", makeJob({ id: "job-0", waiting_for: "slot", queue_position: 4 }));
  listing.show(ANY);

  await settled();

  expect(board.job("job-0")?.queue_position).toBe(4);
});

test("a job started here stands first once, and one that is gone is dropped", async () => {
  listing.show(ANY);
  await settled();

  listing.putFirst("job-2");
  listing.drop("job-0");

  expect(state.ids).toEqual(["job-2", "job-1"]);
});

test("all that fits is found page by page", async () => {
  jobs = named(450);
  const counts: number[] = [];

  const found = await listing.all((count) => counts.push(count));

  expect(found).toEqual({ ok: true, value: jobs });
  expect(counts).toEqual([200, 400, 450]);
});

test("only what is looked at is followed, and of it what can still change", () => {
  board.add("runs", makeJob({ id: "runs", state: "PROGRESS" }));
  board.add("over", makeJob({ id: "over", state: "SUCCESS" }));
  board.add("below", makeJob({ id: "below", state: "PROGRESS" }));

  board.lookAt(["over", "runs", "unknown"]);

  expect(board.unfinishedIds()).toEqual(["runs"]);
  expect(unfinishedOf(board, ["below"])).toEqual(["below"]);
});
