// The list of jobs: after whatever was asked, no job is missing between two rows.
import { expect, test } from "vitest";
import { Api } from "../src/core/api";
import { Board } from "../src/core/board";
import { Listing, type ListState } from "../src/core/listing";
import { makeJob } from "./make-job";

/** A server with this many jobs, newest first, that gives the place of the next one as the token. */
function listingOf(server: { newest: number }) {
  let shown = {} as ListState;
  const fetch = (async (address: string) => {
    const query = new URL(address).searchParams;
    const first = Number(query.get("page_token") ?? server.newest);
    const last = Math.max(0, first - Number(query.get("page_size")));
    const jobs = Array.from({ length: first - last }, (_, index) => makeJob({ id: `job-${first - index}` }));
    return new Response(JSON.stringify({ jobs, next_page_token: last > 0 ? String(last) : null }));
  }) as typeof globalThis.fetch;
  const listing = new Listing(new Api("http://h/", fetch), new Board(), (state) => {
    shown = state;
  });
  return { listing, shown: () => shown };
}

const idsFrom = (newest: number) => Array.from({ length: newest }, (_, index) => `job-${newest - index}`);

async function showAll(listing: Listing, shown: () => ListState): Promise<void> {
  while (!shown().isComplete) await listing.more();
}

test("page after page shows every job once", async () => {
  const { listing, shown } = listingOf({ newest: 950 });
  await listing.refresh();

  await showAll(listing, shown);

  expect(shown().ids).toEqual(idsFrom(950));
});

test("a few new jobs leave what is listed below them", async () => {
  const server = { newest: 950 };
  const { listing, shown } = listingOf(server);
  await listing.refresh();
  await listing.more();

  server.newest += 20;
  await listing.refresh();
  await showAll(listing, shown);

  expect(shown().ids).toEqual(idsFrom(970));
});

test("more new jobs than a refresh takes leave no hole above those that were listed", async () => {
  const server = { newest: 950 };
  const { listing, shown } = listingOf(server);
  await listing.refresh();
  await listing.more();

  server.newest += 300;
  await listing.refresh();
  await showAll(listing, shown);

  expect(shown().ids).toEqual(idsFrom(1250));
});
