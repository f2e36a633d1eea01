// Checks what each page makes a browser load, compressed as the web server sends it.
import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** `js` is what a page loads at first, `lazy` each part that it may fetch later, `css` all of its styles. */
const MOST_KB = {
  "index.html": { js: 30, lazy: 15, css: 6 },
  "simple.html": { js: 30, lazy: 0, css: 6 },
};
const MANIFEST = "dist/.vite/manifest.json";

if (!existsSync(MANIFEST)) {
  console.error("no dist/ to weigh: run `npm run build` first");
  process.exit(1);
}
const chunks = JSON.parse(readFileSync(MANIFEST, "utf8"));
const weights = Object.entries(MOST_KB).flatMap(([page, most]) => weigh(page, most));
for (const { what, kb, most } of weights) console.log(`${what}: ${kb.toFixed(1)} KB of ${most} KB`);
if (weights.some(({ kb, most, mayBeEmpty }) => kb > most || (kb === 0 && !mayBeEmpty))) {
  console.error("a page is over its budget, or a part of it is missing");
  process.exit(1);
}

function weigh(page, most) {
  if (!chunks[page]) return [{ what: page, kb: 0, most: most.js }];
  const first = loadedWith(page);
  const later = fetchedAfter(first);
  const lazy = later.map((name) => ({
    what: `${page} lazy ${chunks[name].name}`,
    kb: kilobytes([...loadedWith(name)].filter((each) => !first.has(each)).map((each) => chunks[each].file)),
    most: most.lazy,
  }));
  const all = [...first, ...later.flatMap((name) => [...loadedWith(name)])];
  return [
    { what: `${page} js`, kb: kilobytes([...first].map((name) => chunks[name].file)), most: most.js },
    ...lazy,
    { what: `${page} css`, kb: kilobytes(all.flatMap((name) => chunks[name].css ?? [])), most: most.css },
  ];
}

/** A chunk and all that it imports before it runs. */
function loadedWith(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  for (const other of chunks[name].imports ?? []) loadedWith(other, found);
  return found;
}

/** The parts that code already there may fetch, and what those may fetch in turn. */
function fetchedAfter(loaded, found = new Set()) {
  const parts = [...loaded].flatMap((name) => chunks[name].dynamicImports ?? []);
  for (const name of parts) {
    if (found.has(name)) continue;
    found.add(name);
    fetchedAfter(loadedWith(name), found);
  }
  return [...found];
}

function kilobytes(files) {
  const weigh = (file) => gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length;
  return [...new Set(files)].reduce((sum, file) => sum + weigh(file), 0) / 1024;
}
