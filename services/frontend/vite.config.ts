// How the pages are built: relative addresses only, so that they work under any path prefix.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // The polyfill is an inline script in disguise, and every browser we support can preload modules.
    modulePreload: { polyfill: false },
    // A data: address instead of a file would have to be allowed by the content security policy.
    assetsInlineLimit: 0,
    // What checks/budget.mjs weighs by.
    manifest: true,
    rolldownOptions: { input: ["index.html", "simple.html"] },
  },
});
