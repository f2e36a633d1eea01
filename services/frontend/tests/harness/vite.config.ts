// Builds the harness of the job view as the page is built, so that it runs under the same security policy.
import { defineConfig, mergeConfig } from "vite";
import page from "../../vite.config";

export default mergeConfig(
  page,
  defineConfig({ build: { rollupOptions: { input: "tests/harness/job.html" } } }),
);
