/** What `npm ci` runs, prints and fetches, as far as the repository decides it. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { runtimeMissing } from "../../src/runtime/failures.js";

const ROOT = resolve(import.meta.dirname, "../..");

/** Keys that npm 10 and npm 11 both know: npm 11 warns of any other one at every command. */
const NPM_KEYS = ["omit-lockfile-registry-resolved", "save-exact", "fund", "audit"];

const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const manifest = JSON.parse(read("package.json"));
const packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>> = JSON.parse(
  read("package-lock.json"),
).packages;

/** Packages of the lock file that are installed here and have a script that npm would run. */
function withInstallScripts(): string[] {
  return Object.keys(packages)
    .filter((path) => path !== "")
    .filter((path) => {
      const scripts = scriptsOf(path);
      return ["preinstall", "install", "postinstall"].some((name) => name in scripts);
    });
}

function scriptsOf(path: string): object {
  try {
    return JSON.parse(read(`${path}/package.json`)).scripts ?? {};
  } catch {
    // For another system: not installed here.
    return {};
  }
}

describe("npm ci", () => {
  it("finds the packages that have install scripts", () => {
    expect(withInstallScripts()).toContain("node_modules/onnxruntime-node");
  });

  it.each(withInstallScripts())("runs no install script of %s, asked by npm 10 or 11", (path) => {
    const name = present(path.split("node_modules/").at(-1), "name");
    // npm 11 asks the manifest; npm 10 runs what the lock file says has a script.
    expect(manifest.allowScripts[name]).toBe(false);
    expect(packages[path]?.hasInstallScript).toBeUndefined();
  });

  it("reads no setting that npm does not know", () => {
    const keys = read(".npmrc")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.split("=")[0]);
    expect(keys).toEqual(NPM_KEYS);
  });
});

describe("the package", () => {
  it("holds every document that a message may name", () => {
    expect(manifest.files).toContain("docs");
  });

  it("says how to add the version of ONNX Runtime that it was tested with", () => {
    const version = manifest.optionalDependencies["onnxruntime-node"];
    expect(runtimeMissing(undefined).hint).toContain(`onnxruntime-node@${version}`);
  });
});
