/**
 * A quick check for NVIDIA's driver, without the helper, which would have to be built first only to
 * answer no.
 *
 * The helper asks the dynamic loader for `libcuda.so.1`. Node has no call for that, but the loader answers
 * any program that is started with the library in LD_PRELOAD: if it finds none, it reports so on standard
 * error and goes on. Only that answer is a no; whatever is in doubt is a yes, and then the helper tells.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

const LIBRARY = "libcuda.so.1";

/** The kernel's side of the driver, on Linux and on Windows' Linux. */
const KERNEL_FILES = ["/proc/driver/nvidia/version", "/dev/dxg"];

/** A program that does nothing and is everywhere. */
const PROGRAM = "true";

/** The messages of the loaders of glibc and musl for a missing file. */
const NOT_FOUND = /cannot open shared object file|No such file or directory/;

/** Options of the search for the driver. */
export interface DriverSearch {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Files of which one is there if the driver is; those of Linux unless given. */
  readonly kernelFiles?: readonly string[];
  readonly platform?: NodeJS.Platform;
}

/**
 * Returns whether the helper may find a driver: false only if it certainly will not. Never fails.
 *
 * Cost: some milliseconds.
 */
export async function mayHaveDriver({
  env,
  kernelFiles = KERNEL_FILES,
  platform = process.platform,
}: DriverSearch): Promise<boolean> {
  if (platform !== "linux") {
    // NVIDIA's last driver for macOS is older than CUDA 12.
    return platform !== "darwin";
  }
  return (
    kernelFiles.some((file) => existsSync(file)) ||
    (env["LD_PRELOAD"] ?? "").includes("libcuda") ||
    foldersOf(env).some((folder) => existsSync(join(folder, LIBRARY))) ||
    !(await loaderRefuses(env))
  );
}

/** The folders in which the helper looks before it asks the loader, but for pip's, which have no driver. */
function foldersOf(env: DriverSearch["env"]): readonly string[] {
  const named = (env["TOP_COMPILE_CUDA_LIBS"] ?? "").split(delimiter);
  const toolkits = [env["CUDA_HOME"], env["CUDA_PATH"], "/usr/local/cuda", "/usr/local/nvidia"];
  const conda = env["CONDA_PREFIX"] ?? "";
  return [
    ...named,
    ...[...toolkits, ...versionedToolkits()].flatMap((root) =>
      root === undefined || root === "" ? [] : [join(root, "lib64"), join(root, "lib")],
    ),
    conda === "" ? "" : join(conda, "lib"),
    "/usr/lib/wsl/lib",
  ].filter((folder) => folder !== "");
}

function versionedToolkits(): readonly string[] {
  try {
    return readdirSync("/usr/local")
      .filter((name) => name.startsWith("cuda-"))
      .map((name) => join("/usr/local", name));
  } catch {
    return [];
  }
}

/** Returns whether the loader, started as for the helper, reports that it finds no driver. */
function loaderRefuses(env: DriverSearch["env"]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(PROGRAM, [], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...env, LD_PRELOAD: LIBRARY, LC_ALL: "C" },
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(0, 4096);
    });
    child.on("error", () => resolve(false));
    child.on("close", () => {
      const lines = said.split("\n").filter((line) => line.includes(LIBRARY));
      resolve(lines.some((line) => NOT_FOUND.test(line)));
    });
  });
}
