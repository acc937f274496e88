import { defineConfig, type Plugin } from "vitest/config";

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
  },
});
