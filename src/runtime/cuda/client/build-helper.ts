/**
 * Builds the native helper from its sources, once, with whatever C++ compiler there is.
 *
 * Nothing is built when the package is installed: most users never touch a GPU. The first command
 * that needs the helper builds it into the cache folder, under a name made of everything that goes
 * into it, so that a new version is built again and an old one is never taken for it.
 */
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "../../../core/digest.js";
import { makeFolder } from "../../../core/make-folder.js";
import { fail, ok, type Result } from "../../../core/result.js";
import { trace } from "../../../core/traces.js";
import { untrustedPart } from "../../../core/trusted-path.js";
import { temporaryFolder } from "../../temporary-folder.js";
import {
  compilerMissing,
  helperFolderRefused,
  helperNotBuilt,
  helperSourcesMissing,
} from "./failures.js";

/** Options of a helper build. */
export interface HelperBuildOptions {
  /** Folder in which built helpers are kept, each in a folder of its own. */
  readonly folder: string;
  /** The environment in which `CXX` and `PATH` are looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder `native` of the package; the installed one unless given. */
  readonly sources?: string;
  /**
   * `plain` for use. `strict` stops at warnings, `sanitized` also finds undefined behavior and
   * misuse of memory while it runs: both are for those who change the helper.
   */
  readonly variant?: HelperVariant;
  /**
   * Further flags of the linker, for a program that is taken to other machines. They are no part of the name under
   * which it is kept: choose a folder of its own.
   */
  readonly linkFlags?: readonly string[];
  /** Called when it is not there and compiling starts. */
  readonly onBuild?: () => void;
}

/** A way to build the helper. */
export type HelperVariant = "plain" | "strict" | "sanitized";

/** A helper that can be started. */
export interface BuiltHelper {
  readonly path: string;
  /** False when it was there already. */
  readonly isNew: boolean;
}

/** The folder `native` of this installation. */
export const NATIVE_FOLDER: string = fileURLToPath(new URL("../../../../native/", import.meta.url));

const PROGRAM = "top-gpu-helper";

const COMMON_FLAGS = ["-std=c++17", "-pthread"];
const STRICT_FLAGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"];

const FLAGS: Readonly<Record<HelperVariant, readonly string[]>> = {
  // The helper itself does little: -O1 is as fast as -O2 and takes a third less time to build.
  plain: [...COMMON_FLAGS, "-O1"],
  strict: [...COMMON_FLAGS, "-O1", ...STRICT_FLAGS],
  sanitized: [
    ...COMMON_FLAGS,
    // Halves the time to build it; what is tested takes milliseconds anyway.
    "-O0",
    "-g1",
    ...STRICT_FLAGS,
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
  ],
};

/**
 * Gives the helper, building it when it is not there yet.
 *
 * Fails: `helper-sources-missing`, `helper-compiler-missing`, `helper-not-built`,
 * `helper-folder-refused`.
 * Cost: one read of the sources when it is there; else about 15 s of processor time, on all cores.
 */
export async function buildHelper(options: HelperBuildOptions): Promise<Result<BuiltHelper>> {
  const native = options.sources ?? NATIVE_FOLDER;
  const sources = sourcesIn(native);
  if (sources === undefined) {
    return fail([helperSourcesMissing(native)]);
  }
  const flags = FLAGS[options.variant ?? "plain"];
  const folder = join(options.folder, keyOf(native, sources, flags));
  const path = join(folder, PROGRAM);
  try {
    if (isKept(options.folder, path)) {
      return ok({ path, isNew: false });
    }
  } catch (cause) {
    return fail([helperFolderRefused(options.folder, cause)]);
  }
  const compiler = await findCompiler(options.env);
  if (!compiler.ok) {
    return compiler;
  }
  try {
    makeFolder(options.folder, 0o700);
  } catch (cause) {
    return fail([helperFolderRefused(options.folder, cause)]);
  }
  const made = temporaryFolder("building", options.folder);
  if (!made.ok) {
    return fail([helperFolderRefused(options.folder, made.error[0].cause)]);
  }
  const work = made.value.path;
  options.onBuild?.();
  try {
    const built = await compileIn(work, compiler.value, {
      native,
      sources,
      flags,
      linkFlags: options.linkFlags ?? [],
      // Files that stopped compilers leave behind go with the folder.
      env: { ...options.env, TMPDIR: work },
    });
    return built.ok ? keep(work, folder) : built;
  } finally {
    made.value.remove();
  }
}

/**
 * Returns whether there is a helper that is certainly this user's: only such a one is run. One that others
 * may have put there is removed, to be built again. Throws where the folder of all helpers is not the
 * user's own.
 */
function isKept(all: string, path: string): boolean {
  const user = process.getuid?.();
  const shared = untrustedPart(all, user, 1);
  if (shared !== undefined) {
    throw new Error(`${shared}, and a program in it might be theirs`);
  }
  if (!existsSync(path)) {
    return false;
  }
  if (untrustedPart(path, user, 2) === undefined) {
    return true;
  }
  rmSync(dirname(path), { recursive: true, force: true });
  return false;
}

/** The compiler that would be used, and what it calls itself. Fails: `helper-compiler-missing`. */
export async function findCompiler(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Result<string>> {
  const named = env["CXX"];
  const candidates =
    named === undefined || named.trim() === "" ? ["c++", "g++", "clang++"] : [named.trim()];
  for (const candidate of candidates) {
    if ((await execute(candidate, ["--version"], env)).status === 0) {
      return ok(candidate);
    }
  }
  return fail([compilerMissing(candidates)]);
}

interface HelperSources {
  readonly native: string;
  /** All files that go into it, relative to `native`, sorted. */
  readonly sources: readonly string[];
  readonly flags: readonly string[];
  readonly linkFlags: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

function sourcesIn(native: string): readonly string[] | undefined {
  try {
    const own = readdirSync(join(native, "src"))
      .filter((name) => /\.(?:cpp|h)$/.test(name))
      .map((name) => `src/${name}`);
    const foreign = "third_party/nlohmann/json.hpp";
    statSync(join(native, foreign));
    return own.includes("src/main.cpp") ? [...own, foreign].sort() : undefined;
  } catch {
    return undefined;
  }
}

/** Names a build: every source, every flag, and the kind of machine that it runs on. */
function keyOf(native: string, sources: readonly string[], flags: readonly string[]): string {
  const parts = sources.map((name) => `${name} ${sha256(readFileSync(join(native, name)))}`);
  return sha256([process.platform, process.arch, flags.join(" "), ...parts].join("\n")).slice(
    0,
    20,
  );
}

async function compileIn(
  work: string,
  compiler: string,
  { native, sources, flags, linkFlags, env }: HelperSources,
): Promise<Result<void>> {
  const include = ["-isystem", join(native, "third_party")];
  const units = sources.filter((name) => name.endsWith(".cpp"));
  const objects = units.map((name) => join(work, `${basename(name, ".cpp")}.o`));
  const left = units.map((name, i) => [
    ...flags,
    ...include,
    "-c",
    join(native, name),
    "-o",
    objects[i] ?? "",
  ]);
  let problem: string | undefined;
  const compileNext = async (): Promise<void> => {
    for (
      let task = left.shift();
      task !== undefined && problem === undefined;
      task = left.shift()
    ) {
      const { status, output } = await execute(compiler, task, env);
      if (status !== 0) {
        problem ??= output;
      }
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, compileNext));
  if (problem === undefined) {
    const link = [...flags, ...linkFlags, ...objects, "-ldl", "-o", join(work, PROGRAM)];
    const { status, output } = await execute(compiler, link, env);
    problem = status === 0 ? undefined : output;
  }
  return problem === undefined ? ok(undefined) : fail([helperNotBuilt(compiler, problem)]);
}

/** Moves the built program to its place; another process may have put the same one there first. */
function keep(work: string, folder: string): Result<BuiltHelper> {
  const path = join(folder, PROGRAM);
  try {
    makeFolder(folder, 0o700);
    const program = join(work, PROGRAM);
    chmodSync(program, 0o700);
    trace({ kind: "placing", path: program, target: path });
    renameSync(program, path);
    trace({ kind: "placed", path: program });
    return ok({ path, isNew: true });
  } catch (cause) {
    return fail([helperFolderRefused(folder, cause)]);
  }
}

/** Most that is kept of what a compiler prints. */
const OUTPUT_LIMIT = 1 << 16;

function execute(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly status: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env });
    let output = "";
    const take = (text: string): void => {
      output = (output + text).slice(0, OUTPUT_LIMIT);
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    child.on("error", (error) => resolve({ status: null, output: error.message }));
    child.on("close", (status) => resolve({ status, output }));
  });
}
