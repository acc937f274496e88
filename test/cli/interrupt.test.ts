import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { everythingIn, RunningCommand, runFolders } from "../support/running-command.js";

const MODELS = resolve(import.meta.dirname, "../../fixtures/models");

/** A search that takes minutes. */
const LONG_SEARCH = [
  ...["search", "--shape", "m", "--devices", "8", "--micro-batches", "64"],
  ...["--max-nodes", "1000000000"],
];

/** Signals, and the status that a run ends with. */
const SIGNALS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const;

interface Phase {
  readonly name: string;
  readonly argv: readonly string[];
  /** Whether the run is in the phase. */
  readonly isReached: (run: RunningCommand) => boolean;
}

/** Whether the worker has computed for so long that it has been at the work itself for most of it. */
const isComputing = (run: RunningCommand): boolean => run.workedSeconds() > 0.6;

const PHASES: readonly Phase[] = [
  {
    name: "loading modules",
    argv: [...LONG_SEARCH, "-o", "out.json"],
    isReached: (run) => run.worker() !== undefined,
  },
  {
    name: "searching a pipeline",
    argv: [...LONG_SEARCH, "-o", "out.json"],
    isReached: isComputing,
  },
  {
    name: "compiling a large model for a device model",
    argv: [join(MODELS, "nasnet-a-large.onnx"), "--device", "h200", "-o", "out.json"],
    isReached: isComputing,
  },
  {
    name: "cutting a large model into a pipeline",
    argv: [
      ...["partition", join(MODELS, "nasnet-a-large.onnx"), "--device", "h200"],
      ...["--stages", "4", "-o", "out.json"],
    ],
    isReached: isComputing,
  },
  {
    name: "measuring operators",
    argv: [join(MODELS, "googlenet.onnx"), "-o", "out.json"],
    isReached: ({ folders }) =>
      readdirSync(folders.temporary).some((name) => name.startsWith("top-compile-profile-")),
  },
  {
    name: "measuring worker threads",
    argv: [join(MODELS, "squeezenet.onnx"), "-o", "out.json"],
    isReached: ({ stderr }) => stderr.includes("worker threads"),
  },
];

describe.skipIf(!existsSync("/proc/self/environ"))("a signal", () => {
  let run: RunningCommand;
  afterEach(() => run.remove());

  for (const { name, argv, isReached } of PHASES) {
    test.each(SIGNALS)(
      `while ${name}: %s ends the run with %i and leaves nothing`,
      async (signal, status) => {
        run = new RunningCommand(argv, runFolders());
        await run.reach(() => isReached(run));
        run.signal(signal);
        expect(await run.ended()).toBe(status);
        expect(run.stderr).toMatch(/interrupted: nothing was written\n$/);
        expectNothingLeft(run);
        expect(everythingIn(run.folders.out)).toEqual([]);
      },
    );
  }

  test.each(SIGNALS)(
    "while building the helper: %s ends the compilers with status %i",
    async (signal, status) => {
      const folders = runFolders();
      const started = join(folders.root, "started");
      const compiler = join(folders.root, "compiler");
      // A compiler that starts another process, as compilers do, and never comes to an end.
      writeFileSync(
        compiler,
        `#!/bin/sh\n[ "$1" = --version ] && exit 0\nsleep 100000 &\n: > "$TMPDIR/part.s"\n: > "${started}"\nwait\n`,
      );
      chmodSync(compiler, 0o755);
      // Something that looks like a driver, for those who ask for one before they build.
      writeFileSync(join(folders.root, "libcuda.so.1"), "");
      const argv = [join(MODELS, "two-branch.onnx"), "--device", "cuda", "-o", "out.json"];
      const env = { CXX: compiler, TOP_COMPILE_CUDA_LIBS: folders.root };
      run = new RunningCommand(argv, folders, env);
      await run.reach(() => existsSync(started));
      run.signal(signal);
      expect(await run.ended()).toBe(status);
      expectNothingLeft(run);
      expect(everythingIn(folders.cache).filter((path) => path.includes("building"))).toEqual([]);
    },
  );

  test("leaves the artifact of an earlier run as it is", async () => {
    const argv = ["search", "--shape", "v", "--devices", "2", "-o", "out.json"];
    const folders = runFolders();
    run = new RunningCommand(argv, folders);
    expect(await run.ended()).toBe(0);
    const artifact = readFileSync(join(folders.out, "out.json"), "utf8");
    run = new RunningCommand([...LONG_SEARCH, "-o", "out.json"], folders);
    await run.reach(() => isComputing(run));
    run.signal("SIGINT");
    expect(await run.ended()).toBe(130);
    expect(everythingIn(folders.out)).toEqual(["out.json"]);
    expect(readFileSync(join(folders.out, "out.json"), "utf8")).toBe(artifact);
  });

  test("that comes twice ends the run as one does", async () => {
    run = new RunningCommand([...LONG_SEARCH, "-o", "out.json"], runFolders());
    await run.reach(() => isComputing(run));
    run.signal("SIGINT");
    run.signal("SIGTERM");
    expect([130, 143]).toContain(await run.ended());
    expectNothingLeft(run);
  });

  test("is a failure in JSON with --json", async () => {
    run = new RunningCommand([...LONG_SEARCH, "--json"], runFolders());
    await run.reach(() => isComputing(run));
    run.signal("SIGINT");
    expect(await run.ended()).toBe(130);
    expect(JSON.parse(run.stderr)).toEqual({
      failures: [{ code: "interrupted", message: "nothing was written" }],
    });
    expect(run.stdout).toBe("");
  });

  test("that kills the command ends the process that does the work as well", async () => {
    run = new RunningCommand([...LONG_SEARCH, "-o", "out.json"], runFolders());
    await run.reach(() => isComputing(run));
    run.signal("SIGKILL");
    expect(await run.ended()).toBe("SIGKILL");
    while (run.processes().length > 0) {
      await new Promise((later) => setTimeout(later, 20));
    }
    expect(everythingIn(run.folders.out)).toEqual([]);
  });

  test("that kills the process that does the work is a failure, and leaves nothing", async () => {
    run = new RunningCommand([join(MODELS, "googlenet.onnx"), "-o", "out.json"], runFolders());
    await run.reach(() => readdirSync(run.folders.temporary).length > 0);
    process.kill(run.worker() ?? 0, "SIGKILL");
    expect(await run.ended()).toBe(4);
    expect(run.stderr).toContain("error[process-died] the process that did the work ended early");
    expectNothingLeft(run);
  });
});

/** No process, and no file where temporary ones go. */
function expectNothingLeft(run: RunningCommand): void {
  expect(run.processes()).toEqual([]);
  expect(everythingIn(run.folders.temporary)).toEqual([]);
}
