// Checks the weight of the built page, compressed as the web server sends it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const MOST_KB = { js: 30, css: 6 };
const ASSETS = "dist/assets";

if (!existsSync(ASSETS)) {
  console.error("no dist/ to weigh: run `npm run build` first");
  process.exit(1);
}
let isTooHeavy = false;
for (const [kind, most] of Object.entries(MOST_KB)) {
  const files = readdirSync(ASSETS).filter((name) => name.endsWith(`.${kind}`));
  const bytes = files.reduce(
    (sum, name) => sum + gzipSync(readFileSync(join(ASSETS, name)), { level: 9 }).length,
    0,
  );
  const kb = bytes / 1024;
  console.log(`${kind}: ${kb.toFixed(1)} KB of ${most} KB`);
  if (kb > most || files.length === 0) isTooHeavy = true;
}
if (isTooHeavy) {
  console.error("the page is over its budget, or a part of it is missing");
  process.exit(1);
}
