/** The bundle for a machine with a GPU, unpacked and run over the stand-in with nothing of this repository. */
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { bundleFiles } from "../bench/first-hour/bundle-files.js";
import { runStep } from "../bench/first-hour/run-step.js";
import {
  BUILD_TIMEOUT_MS,
  COMPILER_ENV,
  noCompiler,
  ROOT,
  standInFolder,
} from "../support/native-helper.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";

const FOLDER = mkdtempSync(join(tmpdir(), "first-hour-"));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

const isHere = process.platform === "linux" && process.arch === "x64";
const reason = noCompiler ?? SKIP_REASON ?? (isHere ? undefined : "the bundle is for linux/x64");

function node(...args: readonly string[]): string {
  const done = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: "utf8",
    env: COMPILER_ENV,
  });
  expect({ status: done.status, stderr: done.stderr }).toEqual({ status: 0, stderr: "" });
  return done.stdout;
}

describe.skipIf(reason !== undefined)(`first hour (${reason ?? ""})`, () => {
  const archive = join(FOLDER, "gpu-bundle.tar.gz");
  const unpacked = join(FOLDER, "top-compile-gpu");

  beforeAll(() => {
    for (const project of ["test/bench", "test/bench/device-operators"]) {
      node(join(ROOT, "node_modules/typescript/bin/tsc"), "-p", project);
    }
    standInFolder();
    node("build/bench/first-hour/make-bundle.js", archive);
    expect(spawnSync("tar", ["xf", archive], { cwd: FOLDER }).status).toBe(0);
  }, BUILD_TIMEOUT_MS);

  /** Runs the script as on a bare machine. */
  function hour(out: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const done = spawnSync(join(unpacked, "first-hour.sh"), ["--quick", "--out", out, ...args], {
      cwd: FOLDER,
      encoding: "utf8",
      env: {
        PATH: "/usr/bin:/bin",
        CXX: COMPILER_ENV["CXX"],
        TOP_COMPILE_CUDA_LIBS: standInFolder(),
        ...env,
      },
    });
    const file = join(out, "first-hour.json");
    return { ...done, report: existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {} };
  }

  it("fits what travels, and has no file that does not run", () => {
    expect(statSync(archive).size).toBeLessThan(60 * 2 ** 20);
    const paths = bundleFiles(ROOT).map(({ path }) => path);
    expect(paths).toEqual([...new Set(paths)].sort());
    expect(paths.filter((path) => /\.d\.ts$|\.map$|win32|darwin|arm64/.test(path))).toEqual([]);
    expect(paths).toContain("native/src/main.cpp");
    expect(paths).toContain("first-hour.sh");
  });

  it("has everything that its programs import", () => {
    const paths = new Set(bundleFiles(ROOT).map(({ path }) => path));
    const builtin = new Set(builtinModules);
    for (const path of paths) {
      if (!/^(?:dist|build|bin)\/.*\.js$/.test(path) || path.startsWith("dist/report-page/")) {
        continue;
      }
      const source = readFileSync(join(ROOT, path), "utf8");
      for (const [, target = ""] of source.matchAll(
        /^(?:(?:import|export)\s[^;"=()]*?\sfrom|import)\s+"([^"\s]+)";/gm,
      )) {
        const [scope = "", name] = target.split("/");
        const pack = scope.startsWith("@") ? `${scope}/${name}` : scope;
        const isThere = target.startsWith(".")
          ? paths.has(join(dirname(path), target))
          : builtin.has(target.replace("node:", "")) ||
            paths.has(`node_modules/${pack}/package.json`);
        expect(isThere, `${path} imports ${target}`).toBe(true);
      }
    }
  });

  it("answers every question over the stand-in, and says what the machine lacks", () => {
    const out = join(FOLDER, "results");
    const { status, stdout, report } = hour(out, []);
    const steps: { name: string; status: string; tail: string }[] = report.steps;
    const states = steps.map((each) => [each.name, each.status]);
    const lacking = new Set(["clocks", "counters", "others"]);
    expect(states.filter(([name = ""]) => !lacking.has(name))).toEqual(
      [
        "doctor",
        "compile",
        "run",
        "smoke",
        "bench",
        "bench-f16",
        "bench-unfused",
        "bench-8-queues",
        "operators",
      ].map((name) => [name, "done"]),
    );
    expect(status).toBe(0);
    for (const { name } of steps) {
      expect(stdout).toContain(`== ${name}: `);
    }
    expect(report).toMatchObject({ format: "top-compile/first-hour", version: 1, isQuick: true });
    expect(report.profiles.map((each: { key: object }) => each.key)).toMatchObject([
      { precision: "tf32", fuse: "patterns" },
      { precision: "f16", fuse: "patterns" },
      { precision: "tf32", fuse: "none" },
      { precision: "tf32", fuse: "patterns" },
    ]);
    expect(
      report.profiles.map(({ device }: { device: { connections: number } }) => device.connections),
    ).toEqual([32, 32, 32, 8]);
    for (const { launchCosts } of report.profiles as { launchCosts: object }[]) {
      // As the stand-in's kernels note when they ran.
      expect(launchCosts).toMatchObject({ insideNs: 100, gapNs: 900, timerStepNs: 1 });
    }
    const table = node("build/bench/first-hour/tables.js", join(out, "first-hour.json"));
    expect(table).toContain("stand-in, CUDA 13.0 (driver)");
    expect(table).toContain("--math f16 --fuse patterns; 32 hardware queues; 101 samples each");
    expect(table).toContain("| measured with | math | queues | step | inside of a kernel |");
    expect(table).toMatch(/\| unsorted\.onnx \| f16 \| 32 \| \d+ \| 100 \| 900 \| /);
    // No other runtime was measured beside it: no speed-up either.
    expect(table).toContain("| not measured |");
    expect(table).toContain("| not quoted |");
    expect(table).toContain("| small/unsorted |");
  });

  it("writes results after every step, and goes on after one that fails", () => {
    const out = join(FOLDER, "failing");
    const env = { STAND_IN_FAIL: "cublasGemmStridedBatchedEx:1:700" };
    const { status, report } = hour(out, ["--only", "smoke,bench"], env);
    expect(status).toBe(1);
    expect(report.steps).toMatchObject([
      { name: "smoke", status: "failed", exit: 1 },
      { name: "bench", status: "done" },
    ]);
    const { failed } = report.steps[0].results["gpu-smoke.json"];
    expect(Object.keys(failed)).toEqual(["gemm ieee", "gemm tf32"]);
    expect(hour(out, ["--only", "no-such"]).status).toBe(2);
    expect(hour(out, ["--minutes", "no"]).status).toBe(2);
    const late = hour(join(FOLDER, "late"), ["--only", "doctor,smoke", "--minutes", "0.001"]);
    expect(late.report.steps).toMatchObject([{ status: "no-time" }, { status: "no-time" }]);
    expect(late.status).toBe(1);
  });

  it("keeps what there is when it is interrupted, and ends what runs", async () => {
    const out = join(FOLDER, "interrupted");
    const args = ["--quick", "--out", out, "--only", "doctor,smoke,bench"];
    const child = spawn(join(unpacked, "first-hour.sh"), args, {
      cwd: FOLDER,
      env: { PATH: "/usr/bin:/bin", TOP_COMPILE_CUDA_LIBS: standInFolder() },
      stdio: "ignore",
    });
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    const file = join(out, "first-hour.json");
    await vi.waitUntil(() => existsSync(file), { timeout: BUILD_TIMEOUT_MS });
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    const { steps } = JSON.parse(readFileSync(file, "utf8"));
    expect(steps[0]).toMatchObject({ name: "doctor", status: "done" });
    expect(steps.slice(1)).toMatchObject([{ name: "smoke", status: "interrupted" }]);
  });

  it("needs no Node of the machine in the bundle, and one in a checkout, where all is built", () => {
    const bare = join(FOLDER, "bare");
    mkdirSync(bare);
    for (const name of ["dirname", "mkdir"]) {
      const found = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
      symlinkSync(found.stdout.trim(), join(bare, name));
    }
    const checkout = join(ROOT, "test/bench/first-hour/first-hour.sh");
    const ask = (script: string, path: string) => {
      const env = { PATH: path };
      const { status, stderr } = spawnSync(script, ["--only", "no-such"], {
        encoding: "utf8",
        env,
      });
      return { status, stderr };
    };
    const asked = { status: 2, stderr: expect.stringContaining("no step no-such") };
    expect(ask(join(unpacked, "first-hour.sh"), bare)).toEqual(asked);
    expect(ask(checkout, `${dirname(process.execPath)}:${bare}`)).toEqual(asked);
    expect(ask(checkout, bare)).toEqual({
      status: 4,
      stderr: "there is no Node on this machine\n",
    });
  });

  it("builds the helper again where the one in it does not start", () => {
    const helpers = bundledHelpers();
    expect(helpers).toHaveLength(2);
    for (const helper of helpers) {
      writeFileSync(helper, "not a program\n");
    }
    const out = join(FOLDER, "built-again");
    expect(hour(out, ["--only", "doctor"]).report.steps).toMatchObject([{ status: "done" }]);
    expect(bundledHelpers()).toHaveLength(1);
  });

  function bundledHelpers(): readonly string[] {
    const found = spawnSync("find", [join(unpacked, "build"), "-name", "top-gpu-helper"]);
    return found.stdout.toString().split("\n").filter(Boolean);
  }
});

describe("a step of the first hour", () => {
  const step = { name: "a", settles: "", limitS: 900, results: ["a.json", "b.json"] };
  const folder = join(FOLDER, "steps");
  mkdirSync(folder);

  it("keeps the end of what it printed and the results that are there", async () => {
    writeFileSync(join(folder, "a.json"), "[1]");
    const command = ["-e", "console.log('out'); console.error('err'); process.exit(3)"];
    const report = await runStep({ ...step, command, isOwn: true }, folder);
    expect(report).toMatchObject({ status: "failed", exit: 3, results: { "a.json": [1] } });
    expect(report.tail.trim().split("\n").sort()).toEqual(["err", "out"]);
    expect(Object.keys(report.results)).toEqual(["a.json"]);
  });

  it("is ended at its limit, also when it does not want to", async () => {
    const command = ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"];
    const report = await runStep({ ...step, command, isOwn: true, limitS: 0.5 }, folder);
    expect(report.status).toBe("timed-out");
  });

  it.each(["limit", "interruption", "end"])(
    "leaves nothing running after its %s that it started",
    async (how) => {
      const pidFile = join(folder, `${how}.pid`);
      const inner = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
      const command = [
        "-e",
        `const { spawn } = require("node:child_process");
        const child = spawn(process.execPath, ["-e", ${JSON.stringify(inner)}], { stdio: "inherit" });
        require("node:fs").writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
        child.unref();
        if (${how !== "end"}) setInterval(() => {}, 1000);`,
      ];
      const stop = new AbortController();
      const ended = runStep(
        { ...step, command, isOwn: true, limitS: how === "limit" ? 3 : 900 },
        folder,
        stop.signal,
      );
      if (how === "interruption") {
        await vi.waitUntil(() => existsSync(pidFile), { timeout: BUILD_TIMEOUT_MS });
        stop.abort();
      }
      const status = { limit: "timed-out", interruption: "interrupted", end: "done" }[how];
      expect(await ended).toMatchObject({ status });
      if (existsSync(pidFile)) {
        const pid = Number(readFileSync(pidFile, "utf8"));
        await vi.waitUntil(() => !isRunning(pid), { timeout: BUILD_TIMEOUT_MS });
      }
    },
  );

  function isRunning(pid: number): boolean {
    try {
      // A process that has ended and that nobody waited for is none.
      return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
      return false;
    }
  }

  it("is skipped where the machine lacks its program", async () => {
    const command = ["no-such-program-of-any-machine"];
    const report = await runStep({ ...step, command, isOwn: false }, folder);
    expect(report).toMatchObject({ status: "skipped" });
  });
});
