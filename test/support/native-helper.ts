/**
 * The real helper for tests: built once with sanitizers, and a stand-in for NVIDIA's libraries, so
 * that what runs on a GPU otherwise (capture, waits, launches, errors) runs here too.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { buildHelper, findCompiler } from "../../src/runtime/cuda/client/build-helper.js";
import { GpuHelper, type GpuHelperOptions } from "../../src/runtime/cuda/client/gpu-helper.js";
import type { HelperOp, RequestOf, ResultOf } from "../../src/runtime/cuda/client/protocol.js";

/** The root of the repository. */
export const ROOT: string = resolve(import.meta.dirname, "../..");

const FOLDER = join(ROOT, "build/native-test");
const STAND_IN = join(ROOT, "native/test/stand_in");

/** Against hanging only: building takes half a minute of processor time, once. */
export const BUILD_TIMEOUT_MS = 900_000;

/** Why tests of the real helper are skipped, or `undefined` when they are not. */
export const noCompiler: string | undefined = await findCompiler(process.env).then((found) =>
  found.ok ? undefined : "no C++ compiler",
);

/** The environment for building a helper that other tests build too: the compiler keeps what it has compiled. */
export const COMPILER_ENV: Readonly<Record<string, string | undefined>> = {
  ...process.env,
  CXX: join(ROOT, "test/support/remembering-compiler.sh"),
  REAL_CXX: process.env["CXX"],
};

/** How much more the tests with chance in them do: `npm run test:native:sanitize` raises it. */
export const SCALE: number = Number(process.env["NATIVE_TEST_SCALE"] ?? 1);

/** What a helper of the tests is started with. */
export interface TestHelperOptions extends Partial<GpuHelperOptions> {
  /** Environment of the helper besides what is needed to start it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it finds the stand-in; true unless given. */
  readonly hasDevice?: boolean;
}

/** A helper of the real program over the stand-in. Close it. */
export async function testHelper(options: TestHelperOptions = {}): Promise<GpuHelper> {
  const { env = {}, hasDevice = true, ...others } = options;
  const path = await helperPath();
  return new GpuHelper({
    program: {
      path,
      args: hasDevice ? ["--lib-dir", standInFolder()] : [],
      env: { PATH: process.env["PATH"], ...env },
    },
    ...others,
  });
}

/** Makes a request that is to succeed. */
export async function expectDone<O extends HelperOp>(
  helper: GpuHelper,
  op: O,
  request: RequestOf<O>,
): Promise<ResultOf<O>> {
  const done = await helper.call(op, request);
  if (!done.ok) {
    throw new Error(`${op}: ${done.error.map(({ code, message }) => `${code} ${message}`)}`);
  }
  return done.value;
}

/**
 * The sanitized helper, or without sanitizers where the compiler has none. Builds the stand-in too, so that
 * no test has to within its own time.
 */
export function helperPath(): Promise<string> {
  built ??= locked("helper", async () => {
    standInFolder();
    const options = { folder: FOLDER, env: process.env };
    const sanitized = await buildHelper({ ...options, variant: "sanitized" });
    const made = sanitized.ok ? sanitized : await buildHelper({ ...options, variant: "strict" });
    if (!made.ok) {
      throw new Error(String(made.error[0].cause ?? made.error[0].message));
    }
    return made.value.path;
  });
  return built;
}

let built: Promise<string> | undefined;

/** The folder with the stand-in under the names of NVIDIA's libraries. */
export function standInFolder(): string {
  standIn ??= buildStandIn();
  return standIn;
}

let standIn: string | undefined;

/** All are the same file: the loader then opens it once, and its parts share one state. */
const NAMES = [
  "libcuda.so.1",
  "libnvrtc.so.13",
  "libcublas.so.13",
  "libcublasLt.so.13",
  "libcudnn.so.9",
];

/** Its kernels and convolutions take most of the time of the tests that run models. */
const STAND_IN_FLAGS = ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"];

function buildStandIn(): string {
  const files = ["abi_cudnn_graph.h", "abi_driver.h", "abi_math.h", "abi_types.h"]
    .map((name) => `../../src/${name}`)
    .concat(readdirSync(STAND_IN).sort())
    .map((name) => join(STAND_IN, name));
  const hash = createHash("sha256").update(STAND_IN_FLAGS.join(" "));
  for (const file of files) {
    hash.update(readFileSync(file));
  }
  const folder = join(FOLDER, `stand-in-${hash.digest("hex").slice(0, 16)}`);
  if (!existsSync(folder)) {
    const work = `${folder}-${process.pid}`;
    mkdirSync(work, { recursive: true });
    const sources = files.filter((file) => file.endsWith(".cpp"));
    const made = ["-o", join(work, "it.so")];
    execFileSync(process.env["CXX"] ?? "c++", [...STAND_IN_FLAGS, ...sources, ...made]);
    for (const name of NAMES) {
      symlinkSync("it.so", join(work, name));
    }
    try {
      renameSync(work, folder);
    } catch {
      // Another worker was first.
      rmSync(work, { recursive: true, force: true });
    }
  }
  return folder;
}

/** Does something while no other test process does it: building twice at once would take twice as long. */
async function locked<T>(name: string, act: () => Promise<T>): Promise<T> {
  mkdirSync(FOLDER, { recursive: true });
  const lock = join(FOLDER, `${name}.lock`);
  // Whoever holds it says every few seconds that it is there.
  const isStale = (): boolean => {
    const found = statSync(lock, { throwIfNoEntry: false });
    return found !== undefined && Date.now() - found.mtimeMs > BUILD_TIMEOUT_MS;
  };
  const beat = (): void => utimesSync(lock, new Date(), new Date());
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      if (isStale()) {
        rmSync(lock, { recursive: true, force: true });
      }
      await new Promise((resume) => setTimeout(resume, 250));
    }
  }
  const beating = setInterval(beat, 5_000);
  try {
    return await act();
  } finally {
    clearInterval(beating);
    rmSync(lock, { recursive: true, force: true });
  }
}
