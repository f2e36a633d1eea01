// Checks what no linter of ours knows: core/ stays free of any framework, and nothing writes HTML.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const RULES = [
  {
    where: /^src\/core\//,
    not: /from "(preact|@preact)|from "[^"]*\/(ui|page)\//,
    why: "core/ imports neither a page nor preact",
  },
  {
    where: /^src\//,
    not: /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/,
    why: "text from the server is text: nothing may write HTML or run text",
  },
  { where: /^src\//, not: /https?:\/\/(?!www\.w3\.org\/)/, why: "the page asks nobody but its own server" },
];

const files = readdirSync("src", { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));
const broken = files.flatMap((file) =>
  RULES.filter(({ where, not }) => where.test(file) && not.test(readFileSync(file, "utf8"))).map(
    ({ why }) => `${file}: ${why}`,
  ),
);
if (broken.length > 0) {
  console.error(broken.join("\n"));
  process.exit(1);
}
console.log(`sources: ${files.length} files keep the rules`);
