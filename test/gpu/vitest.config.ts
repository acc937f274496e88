import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The helper first, then models, operators last: if the time with a GPU ends, what is left out matters least. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
  }
}

/** Tests that need a GPU: `npm run test:gpu`. Without one they skip and say why. */
export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/gpu/*.gpu.ts"],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    maxWorkers: 1,
    fileParallelism: false,
    sequence: { sequencer: ByName },
    reporters: ["default", "json"],
    outputFile: { json: "build/gpu-tests.json" },
  },
});
