/**
 * Everything that a bare Linux machine with an NVIDIA driver needs to run the first hour, in one archive.
 *
 *     npm run gpu:bundle [-- FILE]
 *
 * FILE is build/gpu-bundle.tar.gz unless given; with .tar.xz it is smaller, and xz has to be there to unpack it.
 * In it: this Node, ONNX Runtime, what is built, packages that are needed at run time, fixture models, the
 * sources of the GPU helper and, where there is a C++ compiler here, the helper itself. Nothing is fetched. The
 * list of files is the same for the same sources.
 *
 * On the machine: tar xf gpu-bundle.tar.gz && top-compile-gpu/first-hour.sh
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { buildHelper } from "../../../dist/runtime/cuda/client/build-helper.js";
import { lineOf } from "../needed-for-all.js";
import { type BundleFile, bundleFiles } from "./bundle-files.js";

/** The folder that the archive unpacks to. */
const NAME = "top-compile-gpu";
/** Most that the archive may have: what travels to a borrowed machine is limited. */
const LIMIT = 60 << 20;

/** Where built helpers are looked for: by the benches, and by the command line with the script's cache folder. */
const HELPER_FOLDERS = ["build/native", "build/cache/top-compile/native"];

const root = resolve(import.meta.dirname, "../../..");
const out = resolve(process.argv[2] ?? join(root, "build/gpu-bundle.tar.gz"));

process.exitCode = await main();

async function main(): Promise<number> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    console.error("the bundle is for linux/x64, and its Node is this one: make it there");
    return 4;
  }
  mkdirSync(dirname(out), { recursive: true });
  const work = mkdtempSync(join(dirname(out), "gpu-bundle-"));
  try {
    const files = [...bundleFiles(root), node(), ...(await helper())];
    for (const { source, path } of files) {
      const target = join(work, NAME, path);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(source, target);
      chmodSync(target, isProgram(path) ? 0o755 : 0o644);
    }
    pack(work);
    return report(files.length);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function node(): BundleFile {
  return { source: process.execPath, path: "node" };
}

/** The helper, linked so that it needs little of the other machine; none where it cannot be built here. */
async function helper(): Promise<readonly BundleFile[]> {
  const built = await buildHelper({
    folder: join(root, "build/bundled-native"),
    env: process.env,
    linkFlags: ["-static-libstdc++", "-static-libgcc", "-s"],
  });
  if (!built.ok) {
    console.error(`without a built helper: ${lineOf(built.error[0])}`);
    return [];
  }
  const { path } = built.value;
  const place = join(basename(dirname(path)), basename(path));
  return HELPER_FOLDERS.map((folder) => ({ source: path, path: join(folder, place) }));
}

function isProgram(path: string): boolean {
  return path === "node" || path.endsWith(".sh") || path.endsWith("/top-gpu-helper");
}

/** The archive: sorted, without owners and times, so that only contents decide its bytes. */
function pack(work: string): void {
  const compressor = out.endsWith(".xz") ? "xz -9 -T1" : "gzip -6 -n";
  const { status } = spawnSync(
    "tar",
    [
      ...["--create", "--file", out, "--use-compress-program", compressor, "--directory", work],
      ...["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"],
      ...["--mode=u+rwX,go-w", NAME],
    ],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  if (status !== 0) {
    throw new Error(`tar ended with status ${status}`);
  }
}

function report(files: number): number {
  const { size } = statSync(out);
  console.log(`${out}: ${files} files, ${(size / (1 << 20)).toFixed(1)} MiB`);
  if (size <= LIMIT) {
    return 0;
  }
  console.error("more than 60 MiB: a name that ends in .tar.xz makes it smaller");
  return 1;
}
