/** The files that a bare Linux machine with a GPU needs, by their places in the bundle. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** A file of the bundle. */
export interface BundleFile {
  /** Where it is on this machine. */
  readonly source: string;
  /** Where it is in the bundle, from its root. */
  readonly path: string;
}

/** Programs that the first hour starts, besides the command line. */
const PROGRAMS = [
  ...["gpu", "gpu-smoke", "first-hour/first-hour", "first-hour/tables"].map(
    (name) => `build/bench/${name}.js`,
  ),
  "build/test/bench/device-operators/main.js",
];

/** Packages that the programs need and the command line does not. */
const FURTHER_PACKAGES = ["onnx-proto"];

/** What is taken whole; of folders, the files whose names say that they run. */
const TREES = ["bin", "dist", "native/src", "native/third_party", "fixtures/models"];
const SINGLE = [
  "LICENSE",
  "package.json",
  "test/bench/first-hour/first-hour.sh",
  ...["others", "others_models", "others_timing"].map((name) => `test/bench/first-hour/${name}.py`),
];

/** Run when ONNX Runtime is installed, never when it is loaded; and types. */
const INSTALL_ONLY = /^(?:adm-zip|global-agent|@types\/.*)$/;

/** Declarations, maps and documents: nothing that runs. */
const NOT_RUN = /\.(?:d\.[cm]?ts|map|md|markdown|ts|flow)$/;

/** Of ONNX Runtime's libraries, those of other machines; of packages, what only their makers need. */
const OTHERS_OF_PACKAGE =
  /^onnxruntime-node\/(?:script|bin\/napi-v\d+\/(?!linux\/x64\/))|\/(?:tests?|docs?|cli|\.github|\.vscode)\/|(?:^|\/)protobufjs\/dist\//;

/**
 * The list, without Node and the helper, which are made.
 *
 * Requires: everything is built. Order: by place. Throws where a file is missing.
 */
export function bundleFiles(root: string): readonly BundleFile[] {
  const paths = new Set([
    ...SINGLE.filter((path) => existsSync(join(root, path))),
    ...TREES.flatMap((tree) => filesIn(root, tree).filter((path) => !NOT_RUN.test(path))),
    ...reachedFrom(root, PROGRAMS),
    ...packagesNeeded(root).flatMap((name) => filesOfPackage(root, name)),
  ]);
  return [...paths]
    .map((path) => ({ source: join(root, path), path: placeOf(path) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The script stands where the archive is unpacked. */
function placeOf(path: string): string {
  return path.endsWith("/first-hour.sh") ? "first-hour.sh" : path;
}

function filesIn(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** Compiled programs with what they import from build. */
function reachedFrom(root: string, names: readonly string[]): readonly string[] {
  const reached = new Set(names);
  for (const path of reached) {
    const source = readFileSync(join(root, path), "utf8");
    for (const [, target = ""] of source.matchAll(/\bfrom\s+"(\.[^"]+)"/g)) {
      const imported = join(dirname(path), target);
      if (imported.startsWith("build/")) {
        reached.add(imported);
      }
    }
  }
  return [...reached];
}

function packagesNeeded(root: string): readonly string[] {
  const known = new Set(FURTHER_PACKAGES);
  for (const name of FURTHER_PACKAGES) {
    packagesOf(root, join(root, "node_modules", name), known);
  }
  return packagesOf(root, root, known);
}

/**
 * Names of the packages of the root that a folder needs at run time, each once, with those that they need. A package that
 * has another version of its own of what it needs brings it along.
 */
function packagesOf(root: string, folder: string, known = new Set<string>()): readonly string[] {
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const own = join(folder, "node_modules", name);
    if (folder !== root && existsSync(own)) {
      packagesOf(root, own, known);
    } else if (!known.has(name) && !INSTALL_ONLY.test(name)) {
      known.add(name);
      packagesOf(root, join(root, "node_modules", name), known);
    }
  }
  return [...known];
}

function filesOfPackage(root: string, name: string): readonly string[] {
  return filesIn(root, join("node_modules", name)).filter(
    (path) => !NOT_RUN.test(path) && !OTHERS_OF_PACKAGE.test(path.slice("node_modules/".length)),
  );
}
