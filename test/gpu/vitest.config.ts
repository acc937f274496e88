import { defineConfig } from "vitest/config";

/** Tests that need a GPU: `npm run test:gpu`. Without one they skip and say why. */
export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/gpu/*.gpu.ts"],
    // Against hanging only.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    maxWorkers: 1,
    fileParallelism: false,
    reporters: ["default", "json"],
    outputFile: { json: "build/gpu-tests.json" },
  },
});
