import { defineConfig } from "vitest/config";

/** Tests that need a GPU: `npm run test:gpu`. Without one they skip and say why. */
export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/gpu/*.gpu.ts"],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    maxWorkers: 1,
    fileParallelism: false,
    reporters: ["default", "json"],
    outputFile: { json: "build/gpu-tests.json" },
  },
});
