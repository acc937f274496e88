import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  GpuHelper,
  type GpuHelperOptions,
  startGpuHelper,
} from "../../../../../src/runtime/cuda/client/gpu-helper.js";
import type { StartTimer } from "../../../../../src/runtime/cuda/client/helper-process.js";

type Script = readonly Readonly<Record<string, string>>[];

let folder: string;
let log: string;
const helpers: GpuHelper[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "scripted-"));
  log = join(folder, "log");
  writeFileSync(log, "");
});

afterEach(async () => {
  await Promise.all(helpers.splice(0).map((helper) => helper.close()));
  rmSync(folder, { recursive: true, force: true });
});

function options(script: Script): GpuHelperOptions {
  const child = join(import.meta.dirname, "../../../../support/scripted-helper.mjs");
  return {
    program: {
      path: process.execPath,
      args: [child, log, JSON.stringify(script)],
      env: { PATH: process.env["PATH"] },
    },
    graceMs: 2000,
  };
}

function scripted(script: Script, more: Partial<GpuHelperOptions> = {}): GpuHelper {
  const helper = new GpuHelper({ ...options(script), ...more });
  helpers.push(helper);
  return helper;
}

/** The names of all requests that any process got, and "start" for each process. */
function asked(): string[] {
  return readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
    .map((entry: string | { op: string }) => (typeof entry === "string" ? entry : entry.op));
}

/** The limit of requests that hang: their time is over as soon as the process has read them. */
const HANG_MS = 300;

const untilRead: StartTimer = (expire, ms) => {
  if (ms !== HANG_MS) {
    return () => undefined;
  }
  const before = asked().length;
  const timer = setInterval(() => {
    if (asked().slice(before).includes("measure")) {
      clearInterval(timer);
      expire();
    }
  }, 5);
  return () => clearInterval(timer);
};

async function prepare(helper: GpuHelper): Promise<void> {
  expect(await helper.call("open", { device: 0 })).toMatchObject({ ok: true });
  expect(await helper.call("compile", { source: "x" })).toMatchObject({ ok: true });
  expect(await helper.call("compile", { source: "x", arch: "sm_90" })).toMatchObject({ ok: true });
  expect(await helper.call("arena", { bytes: 64 })).toMatchObject({ ok: true });
  expect(await helper.call("upload", { items: [] })).toMatchObject({ ok: true });
  expect(await helper.call("program", { nodes: [] })).toMatchObject({ ok: true });
}

const PREPARED = ["open", "compile", "compile", "arena", "upload", "program"];
const JOURNAL = ["open", "compile", "arena", "upload", "program"];
const MEASURE = { schedules: [], rounds: 1 };

describe("helper client", () => {
  it("gives typed answers in order", async () => {
    const helper = scripted([{ hello: "in-pieces" }]);
    const [hello, measured] = await Promise.all([
      helper.call("hello", {}),
      helper.call("measure", MEASURE),
    ]);
    expect(hello).toEqual({ ok: true, value: { protocol: 1, helper: "scripted" } });
    expect(measured).toEqual({ ok: true, value: { samplesUs: [[1, 2]], hostUs: [[3, 4]] } });
    expect(asked()).toEqual(["start", "hello", "measure"]);
  });

  it("gives a refusal as a failure and goes on", async () => {
    const helper = scripted([{ run: "refuse" }]);
    await prepare(helper);
    const done = await helper.call("run", { schedule: { launches: [] } });
    expect(done).toMatchObject({ error: [{ code: "cuda-error", message: "said no", exit: 4 }] });
    expect(await helper.call("measure", MEASURE)).toMatchObject({ ok: true });
    expect(asked()).toEqual(["start", ...PREPARED, "run", "measure"]);
  });

  it.each(["crash", "exit", "garbage", "partial", "wrong-id", "no-shape", "fatal"])(
    "starts again after one %s, says again what made the state, and repeats the request",
    async (action) => {
      const helper = scripted([{ measure: action }, {}]);
      await prepare(helper);
      const done = await helper.call("measure", MEASURE);
      expect(done).toEqual({ ok: true, value: { samplesUs: [[1, 2]], hostUs: [[3, 4]] } });
      expect(asked()).toEqual(["start", ...PREPARED, "measure", "start", ...JOURNAL, "measure"]);
    },
  );

  it.each([
    ["crash", "helper-crashed", "the GPU helper got SIGSEGV during measure: last words"],
    ["exit", "helper-crashed", "the GPU helper ended with status 3 during measure"],
    ["partial", "helper-crashed", "the GPU helper ended with status 0 during measure"],
    ["garbage", "helper-answer-invalid", "not JSON"],
    ["wrong-id", "helper-answer-invalid", "an answer to request"],
    ["no-shape", "helper-answer-invalid", "/samplesUs/0/0"],
    ["fatal", "cuda-error", "said no"],
  ])("gives up after a second %s, for good", async (action, code, words) => {
    const helper = scripted([{ measure: action }]);
    const first = await helper.call("measure", MEASURE);
    expect(first).toMatchObject({ ok: false, error: [{ code, exit: 4 }] });
    expect(first.ok ? "" : first.error[0].message).toContain(words);
    expect(await helper.call("hello", {})).toEqual(first);
    expect(asked()).toEqual(["start", "measure", "start", "measure"]);
  });

  it("ends what does not answer in time, and does not wait for it a second time", async () => {
    const helper = scripted([{ measure: "hang" }, {}], { startTimer: untilRead });
    await prepare(helper);
    const done = await helper.call("measure", MEASURE, { timeoutMs: HANG_MS });
    expect(done).toMatchObject({ error: [{ code: "helper-timed-out", exit: 4 }] });
    expect(await helper.call("run", { schedule: { launches: [] } })).toMatchObject({ ok: true });
    expect(asked()).toEqual(["start", ...PREPARED, "measure", "start", ...JOURNAL, "run"]);
  });

  it("gives up after a second hang", async () => {
    const helper = scripted([{ measure: "hang" }], { startTimer: untilRead });
    const hang = () => helper.call("measure", MEASURE, { timeoutMs: HANG_MS });
    expect(await hang()).toMatchObject({ error: [{ code: "helper-timed-out" }] });
    expect(await hang()).toMatchObject({ error: [{ code: "helper-timed-out" }] });
    expect(await helper.call("hello", {})).toMatchObject({ error: [{ code: "helper-timed-out" }] });
    expect(asked()).toEqual(["start", "measure", "start", "measure"]);
  });

  it("gives up when the state cannot be made again", async () => {
    const helper = scripted([{ measure: "crash" }, { arena: "refuse" }]);
    await prepare(helper);
    const done = await helper.call("measure", MEASURE);
    expect(done).toMatchObject({ error: [{ code: "cuda-error" }] });
    expect(await helper.call("hello", {})).toEqual(done);
    expect(asked()).toEqual(["start", ...PREPARED, "measure", "start", "open", "compile", "arena"]);
  });

  it("never gives fresh memory for what was computed before a restart", async () => {
    const helper = scripted([{ measure: "crash" }, {}]);
    await prepare(helper);
    const download = () => helper.call("download", { offset: 0, bytes: 3 });
    const run = () => helper.call("run", { schedule: { launches: [] } });
    expect(await run()).toMatchObject({ ok: true });
    expect(await download()).toMatchObject({ ok: true });
    expect(await helper.call("measure", MEASURE)).toMatchObject({ ok: true });
    expect(await download()).toMatchObject({ error: [{ code: "device-memory-lost" }] });
    expect(await run()).toMatchObject({ ok: true });
    expect(await download()).toMatchObject({ ok: true });
  });

  it("keeps in mind only what the last arena is made of", async () => {
    const helper = scripted([{ run: "crash" }, {}]);
    await prepare(helper);
    await prepare(helper);
    await helper.call("upload", { items: [] });
    await helper.call("program", { nodes: [] });
    await helper.call("run", { schedule: { launches: [] } });
    const again = asked().slice(asked().lastIndexOf("start") + 1);
    expect(again).toEqual(["open", "compile", "arena", "upload", "upload", "program", "run"]);
  });

  it("takes an answer that nobody asked for as a crash of the next request", async () => {
    const helper = scripted([{ hello: "two-lines" }, {}]);
    expect(await helper.call("hello", {})).toMatchObject({ ok: true });
    expect(await helper.call("run", { schedule: { launches: [] } })).toMatchObject({ ok: true });
    expect(asked().filter((entry) => entry === "start")).toHaveLength(2);
  });

  it("stops when the caller does", async () => {
    const stop = new AbortController();
    const helper = scripted([{ measure: "hang" }], { signal: stop.signal });
    await helper.call("hello", {});
    const waiting = helper.call("measure", MEASURE);
    stop.abort();
    expect(await waiting).toMatchObject({ error: [{ code: "stopped", exit: 3 }] });
    expect(await helper.call("hello", {})).toMatchObject({ error: [{ code: "stopped" }] });
  });

  it("ends with its caller's word, and answers nothing after", async () => {
    const helper = scripted([{}]);
    await helper.call("hello", {});
    await helper.close();
    await helper.close();
    expect(await helper.call("hello", {})).toMatchObject({ error: [{ code: "helper-closed" }] });
  });

  it("says that it cannot be started", async () => {
    const started = await startGpuHelper({
      program: { path: join(folder, "nothing"), args: [], env: {} },
    });
    expect(started).toMatchObject({ error: [{ code: "helper-not-started", exit: 4 }] });
  });

  it("refuses another version of the protocol", async () => {
    expect(await startGpuHelper(options([{ hello: "version" }]))).toMatchObject({
      error: [
        {
          code: "helper-version-wrong",
          message: expect.stringContaining("protocol 9, this program 1"),
        },
      ],
    });
    const started = await startGpuHelper(options([{}]));
    expect(started.ok).toBe(true);
    if (started.ok) {
      await started.value.close();
    }
  });
});
