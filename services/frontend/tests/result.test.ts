import { expect, test } from "vitest";
import { fileOf, piecesOf, shownOf } from "../src/core/result";

test("a text is a text, and so is a number", () => {
  expect(shownOf("a\nb")).toEqual({ kind: "text", text: "a\nb" });
  expect(shownOf(12.5)).toEqual({ kind: "text", text: "12.5" });
  expect(shownOf(false)).toEqual({ kind: "text", text: "false" });
});

test("a list of flat objects is a table with every name that appears", () => {
  const list = [
    { a: 1, b: "x" },
    { b: null, c: true },
  ];

  expect(shownOf(list)).toEqual({
    kind: "table",
    columns: ["a", "b", "c"],
    rows: [
      ["1", "x", ""],
      ["", "", "true"],
    ],
  });
});

test.each([
  ["an empty list", []],
  ["a list of numbers", [1, 2]],
  ["objects within objects", [{ a: { b: 1 } }]],
  ["one that is no object", [{ a: 1 }, 2]],
  ["empty objects", [{}]],
  ["too many names", [Object.fromEntries(Array.from({ length: 13 }, (_, index) => [`c${index}`, 1]))]],
  ["an object", { a: 1 }],
])("%s is JSON", (_what, value) => {
  expect(shownOf(value)).toEqual({ kind: "json", value });
});

test("a text is saved as it is, all else as JSON", () => {
  expect(fileOf("plain", "r")).toEqual({ name: "r.txt", type: "text/plain", content: "plain" });
  expect(fileOf({ a: 1 }, "r")).toMatchObject({ name: "r.json", content: '{\n  "a": 1\n}\n' });
});

test("only addresses of the web become links, without what ends the sentence", () => {
  const text =
    "See https://a.example/b_(c), (https://d.example/) or HTTP://E.example. javascript:alert(1) file:///x";

  const links = piecesOf(text).flatMap(({ href }) => href ?? []);

  expect(links).toEqual(["https://a.example/b_(c)", "https://d.example/", "HTTP://E.example"]);
});

test("the pieces are the text again, whatever it says", () => {
  for (const text of [
    "",
    "plain",
    "https://a.example",
    "<a href='https://x.example'>",
    "a https://b.example c\nd",
  ]) {
    expect(
      piecesOf(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  }
});
