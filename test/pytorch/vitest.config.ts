import { defineConfig } from "vitest/config";

/** Tests that need PyTorch: `npm run test:pytorch`. Without it they skip and say why. */
export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/pytorch/*.pytorch.ts"],
    testTimeout: 900_000,
    hookTimeout: 900_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
});
