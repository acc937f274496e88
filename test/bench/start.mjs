// Starts a bench: compiles it first where the compiler is installed, else takes what is in dist and build,
// so that a machine with a GPU needs neither TypeScript nor a network.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const root = resolve(import.meta.dirname, "../..");
const compiler = resolve(root, "node_modules/typescript/bin/tsc");
const [, , name] = process.argv;
process.argv.splice(2, 1);
process.chdir(root);
for (const project of existsSync(compiler) ? [".", "test/bench"] : []) {
  const { status } = spawnSync(process.execPath, [compiler, "-p", project], { stdio: "inherit" });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}
await import(pathToFileURL(resolve(root, `build/bench/${name}.js`)).href);
