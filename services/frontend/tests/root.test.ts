// Where the API lives.
import { expect, test } from "vitest";
import { apiRootOf } from "../src/core/root";

test.each([
  ["http://h/assets/i.js", "http://h/"],
  ["https://h:8443/x/y/assets/i.js?v=1", "https://h:8443/x/y/"],
])("the API of %s is %s", (script, root) => {
  expect(apiRootOf(script)).toBe(root);
});
