// What the event stream format demands, whatever the pieces look like.
import { expect, test } from "vitest";
import { SseParser } from "../src/core/sse";

function read(...pieces: string[]) {
  const parser = new SseParser();
  return { parser, events: pieces.flatMap((piece) => parser.feed(piece)) };
}
const STREAM = "id: 1\nevent: update\ndata: one\n\nid: 2\ndata: two\ndata: lines\n\n";
const EVENTS = [
  { type: "update", data: "one", lastEventId: "1" },
  { type: "message", data: "two\nlines", lastEventId: "2" },
];

test.each([
  ["LF", "\n"],
  ["CR", "\r"],
  ["CRLF", "\r\n"],
])("lines may end with %s, cut anywhere", (_name, end) => {
  const text = STREAM.replaceAll("\n", end);
  for (let cut = 0; cut <= text.length; cut++) {
    expect(read(text.slice(0, cut), text.slice(cut)).events).toEqual(EVENTS);
  }
  expect(read(...text).events).toEqual(EVENTS);
});

test("an empty piece between CR and LF changes nothing", () => {
  expect(read("data: a\r", "", "\n\r", "\n").events).toHaveLength(1);
});

test("a byte order mark at the start is not part of the first field", () => {
  expect(read("\uFEFFdata: a\n\n").events[0]?.data).toBe("a");
});

test("a byte order mark later on belongs to its line", () => {
  expect(read("data: a\n\n", "\uFEFFdata: b\n\n").events).toHaveLength(1);
});

test("comments and unknown fields say nothing", () => {
  expect(read(": beat\n\n", "fruit: apple\n\n").events).toEqual([]);
});

test("only one space after the colon is taken away", () => {
  expect(read("data:  a\ndata:b\ndata\n\n").events[0]?.data).toBe(" a\nb\n");
});

test("an event without data sends nothing but keeps its id", () => {
  const { events, parser } = read("event: end\nid: 7\n\n");

  expect(events).toEqual([]);
  expect(parser.lastEventId).toBe("7");
});

test("an unfinished event moves neither the id nor anything else", () => {
  const { events, parser } = read("id: 1\ndata: a\n\nid: 2\ndata: b\n");

  expect(events).toHaveLength(1);
  expect(parser.lastEventId).toBe("1");
});

test("an id with NUL is refused, an empty one forgets", () => {
  expect(read("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n").parser.lastEventId).toBe("1");
  expect(read("id: 1\ndata: a\n\nid\ndata: b\n\n").parser.lastEventId).toBe("");
});

test("retry is taken when it is a whole number", () => {
  expect(read("retry: 2000\n").parser.retryMs).toBe(2000);
  expect(read("retry: 2s\n").parser.retryMs).toBeNull();
});

test("the type does not outlive its event", () => {
  expect(read("event: log\n\ndata: a\n\n").events[0]?.type).toBe("message");
});

test("a frame of a megabyte comes whole", () => {
  const big = "x".repeat(1 << 20);
  const pieces = `data: ${big}\n\n`.match(/.{1,65536}|\n/gs) as string[];
  expect(read(...pieces).events[0]?.data.length).toBe(big.length);
});
