import { defineConfig, type Plugin } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Threads run compiled programs only, and pages have compiled scripts in them, so tests over `src` take those
 * from `dist`, which every npm script that runs tests builds first.
 */
const compiledWorkers: Plugin = {
  name: "compiled-workers",
  transform(code, id) {
    const [, folder] = /\/src\/(.*\/)[^/]+\.ts$/.exec(id) ?? [];
    const inDist = (file: string): URL => new URL(`../dist/${folder}${file}`, import.meta.url);
    return folder === undefined
      ? undefined
      : code.replaceAll(
          /new URL\("((?:\.\/[\w-]+-worker\.js)|(?:\.\.\/report-page\/))", import\.meta\.url\)/g,
          (_, file) => `new URL("${inDist(file).href}")`,
        );
  },
};

/** Files that take longest, which begin first: one that began last would have the machine to itself. */
const LONGEST = [
  "native/first-hour",
  "property/policy-trust",
  "native/generated-kernels",
  "cli/build",
  "cli/launch",
  "native/benches",
  "property/artifact-trust",
  "launcher/marl/learn-launchers",
  "cli/sizes-by-data",
  "cli/pipeline",
  "cli/interrupt",
  "oracle/overlaps",
];

/** The order of vitest, by size where it has not seen them run, but for the longest. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification): number => {
      const rank = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return rank < 0 ? LONGEST.length : rank;
    };
    const sorted = await super.sort(files);
    return [...sorted].sort((a, b) => rankOf(a) - rankOf(b));
  }
}

export default defineConfig({
  plugins: [compiledWorkers],
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["test/**/*.test.ts"],
    benchmark: { include: ["test/bench/**/*.bench.ts"] },
    setupFiles: ["test/support/property-seed.ts"],
    // Against hanging only: no test may depend on how fast or how busy the machine is.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
  },
});
