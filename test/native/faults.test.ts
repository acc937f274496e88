import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import { HELPER_ERROR_CODES } from "../../src/runtime/cuda/client/helper-error.js";
import {
  BUILD_TIMEOUT_MS,
  helperPath,
  noCompiler,
  ROOT,
  SCALE,
  standInFolder,
} from "../support/native-helper.js";

/** A conversation that calls every function of every library. */
const CONVERSATION: readonly object[] = [
  { op: "probe" },
  { op: "open", device: 0 },
  { op: "arena", bytes: 4096, hostBytes: 64 },
  { op: "compile", source: "mix( fault(" },
  { op: "upload", items: [{ base64: "AAAAAAAAAAA=", offset: 0 }] },
  { op: "fill", offset: 8, count: 100, seed: 1 },
  {
    op: "program",
    nodes: [
      {
        kind: "kernel",
        module: 0,
        function: "mix",
        grid: [1, 1, 1],
        block: [32, 1, 1],
        shared: 50_000,
        args: [{ ptr: 1024 }, { ptr: 0 }, { ptr: 8 }, { i32: 1 }],
      },
      {
        kind: "gemm",
        m: 2,
        n: 2,
        k: 2,
        a: { offset: 0, leading: 2 },
        b: { offset: 0, leading: 2 },
        c: { offset: 512, leading: 2 },
        dtype: "f32",
        math: "tf32",
      },
      {
        kind: "conv",
        x: { offset: 0, dims: [1, 1, 3, 3] },
        w: { offset: 0, dims: [1, 1, 2, 2] },
        y: { offset: 768, dims: [1, 1, 2, 2] },
        bias: 0,
        pads: [0, 0],
        strides: [1, 1],
        dilations: [1, 1],
        dtype: "f32",
        math: "ieee",
        search: "measure",
      },
      {
        kind: "conv",
        x: { offset: 0, dims: [1, 1, 3, 3] },
        w: { offset: 0, dims: [1, 1, 2, 2] },
        y: { offset: 832, dims: [1, 1, 2, 2] },
        pads: [0, 0],
        strides: [1, 1],
        dilations: [1, 1],
        dtype: "f32",
        math: "tf32",
      },
      { kind: "copy", src: 0, dst: 1100, bytes: 8 },
      { kind: "copy", src: 0, dst: 8, bytes: 8, direction: "to-host" },
      { kind: "copy", src: 8, dst: 1200, bytes: 8, direction: "from-host" },
      { kind: "memset", offset: 1300, bytes: 8, value: 0 },
      {
        kind: "gemm",
        m: 3,
        n: 2,
        k: 1,
        a: { offset: 0, leading: 3 },
        b: { offset: 64, leading: 1 },
        c: { offset: 2048, leading: 3 },
        dtype: "f32",
        math: "ieee",
        epilogue: { bias: 128 },
      },
    ],
  },
  { op: "kernels", timed: [2], repeat: 2, rounds: 1 },
  {
    op: "run",
    schedule: {
      launches: [
        { node: 0 },
        { node: 1, stream: 1 },
        { node: 2, stream: 2, after: [0] },
        { node: 3, stream: 1, after: [2] },
        { node: 4, stream: 2 },
        { node: 5, stream: 3, after: [1] },
        { node: 6, stream: 3 },
        { node: 7 },
      ],
    },
  },
  {
    op: "measure",
    schedules: [
      { launches: [{ node: 0 }, { node: 1, stream: 1 }] },
      { launches: [{ node: 1 }], mode: "eager" },
    ],
    rounds: 2,
    warmupMs: 0,
    flushL2: true,
    prelude: 7,
  },
  { op: "download", offset: 0, bytes: 16 },
  { op: "arena", bytes: 64 },
  { op: "quit" },
];

const LINES: readonly string[] = CONVERSATION.map((request, id) =>
  JSON.stringify({ id, ...request }),
);

interface Outcome {
  readonly answers: readonly {
    readonly id: number | null;
    readonly ok: boolean;
    readonly error?: { readonly code: string; readonly fatal: boolean };
  }[];
  readonly status: number | null;
  readonly stderr: string;
}

async function converse(
  lines: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const done = spawnSync(await helperPath(), ["--lib-dir", standInFolder()], {
    input: lines.map((line) => `${line}\n`).join(""),
    encoding: "utf8",
    env: { PATH: process.env["PATH"], ...env },
    timeout: BUILD_TIMEOUT_MS,
    maxBuffer: 1 << 27,
  });
  const answers = done.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Outcome["answers"][number]);
  return { answers, status: done.status, stderr: done.stderr };
}

/** The functions that the stand-in lets fail, read off its sources. */
const FUNCTIONS: readonly string[] = readdirSync(join(ROOT, "native/test/stand_in"))
  .filter((name) => name.endsWith(".cpp"))
  .sort()
  .map((name) => readFileSync(join(ROOT, "native/test/stand_in", name), "utf8"))
  .flatMap((text) => [
    ...[...text.matchAll(/STAND_IN_CALL\((\w+)\)/g)].map((match) => match[1] ?? ""),
    ...[...text.matchAll(/asked_to_fail\("(\w+)"\)/g)].map((match) => match[1] ?? ""),
  ]);

/** What nodes launch. */
const CAPTURED: readonly string[] = [
  "cuLaunchKernel",
  "cublasGemmStridedBatchedEx",
  "cudnnConvolutionForward",
  "cudnnConvolutionBiasActivationForward",
  "cuMemcpyDtoDAsync",
  "cuMemsetD8Async",
];

/** An error that passes, no memory, and one that loses the device. */
const STATUSES = [1, 2, 700] as const;

describe.skipIf(noCompiler !== undefined)(`faults (${noCompiler ?? ""})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  it("goes through the whole conversation, with nothing left behind", async () => {
    const { answers, status, stderr } = await converse(LINES);
    expect(answers.filter(({ ok }) => !ok)).toEqual([]);
    expect(answers).toHaveLength(LINES.length);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("leaves nothing behind when its input ends without a quit", async () => {
    const { status, stderr } = await converse(LINES.slice(0, -2));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("survives the failure of every call, answers every line and leaks nothing", async () => {
    expect(FUNCTIONS.length).toBeGreaterThan(60);
    const random = seededRandom(5);
    // Every function once, at its first call; further calls and statuses by chance.
    const cases = FUNCTIONS.map((name, i) => `${name}:1:${STATUSES[i % 3]}`);
    // What is launched a second time is being captured then.
    cases.push(...CAPTURED.map((name) => `${name}:2:1`));
    for (let i = 0; i < 30 * (SCALE - 1); i++) {
      const name = FUNCTIONS[random.integer(FUNCTIONS.length)];
      cases.push(`${name}:${1 + random.integer(12)}:${STATUSES[random.integer(3)]}`);
    }
    let failures = 0;
    for (const [i, wish] of cases.entries()) {
      const { answers, status, stderr } = await converse(LINES, { STAND_IN_FAIL: wish });
      const last = answers.at(-1);
      const isFatal = last?.error?.fatal === true;
      expect({ wish, stderr }).toEqual({ wish, stderr: "" });
      expect({ wish, status }).toEqual({ wish, status: isFatal ? 4 : 0 });
      expect(isFatal || answers.length === LINES.length, wish).toBe(true);
      // Only what loses the device ends the helper: after anything else the streams can be used again.
      expect(isFatal && !wish.endsWith(":700"), wish).toBe(false);
      expect(answers.map(({ id }) => id)).toEqual(answers.map((_, i) => i));
      failures += i < FUNCTIONS.length && answers.some(({ ok }) => !ok) ? 1 : 0;
      for (const { error } of answers) {
        expect(error === undefined || HELPER_ERROR_CODES.includes(error.code as never)).toBe(true);
      }
    }
    // Some are asked to fail that nothing depends on, such as a name, or that are reported by probe; without
    // cublasLt all goes on in several calls.
    const needed = FUNCTIONS.filter((name) => !name.startsWith("cublasLt"));
    expect(failures).toBeGreaterThan(needed.length * 0.8);
  });

  it("ends when the device is lost", async () => {
    const node = {
      kind: "kernel",
      module: 0,
      function: "fault",
      grid: [1, 1, 1],
      block: [1, 1, 1],
      args: [],
    };
    const { answers, status } = await converse([
      ...LINES.slice(0, 4),
      JSON.stringify({ id: 4, op: "program", nodes: [node] }),
      JSON.stringify({ id: 5, op: "run", schedule: { launches: [{ node: 0 }] } }),
      JSON.stringify({ id: 6, op: "hello" }),
    ]);
    expect(status).toBe(4);
    expect(answers).toHaveLength(6);
    expect(answers[5]).toMatchObject({ error: { code: "cuda-error", fatal: true } });
  });

  it("answers every mutated line, and nothing is wrong with memory", async () => {
    const random = seededRandom(11);
    const mutated = Array.from({ length: 1500 * SCALE }, () => mutate(random));
    const { answers, status, stderr } = await converse(mutated);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(answers).toHaveLength(mutated.length);
    const refused = answers.filter(({ ok }) => !ok);
    expect(refused.length).toBeGreaterThan(mutated.length / 2);
    expect(answers.length - refused.length).toBeGreaterThan(mutated.length / 20);
  });

  /** A line of the conversation with bytes or values changed; never one that ends the helper. */
  function mutate(random: ReturnType<typeof seededRandom>): string {
    const pick = <T>(items: readonly T[]): T => items[random.integer(items.length)] as T;
    const index = random.integer(LINES.length - 1);
    const line = LINES[index] ?? "";
    const style = random.integer(4);
    if (style === 0) {
      // Bytes changed, removed, doubled.
      const at = random.integer(line.length);
      const byte = String.fromCharCode(32 + random.integer(95));
      return pick([
        line.slice(0, at) + byte + line.slice(at + 1),
        line.slice(0, at) + line.slice(at + 1),
        line.slice(0, at) + line.slice(0, at),
        line.slice(0, at + 1),
      ])
        .replaceAll("quit", "hello")
        .padEnd(1, "x");
    }
    if (style === 1) {
      return line;
    }
    // A value changed into another one.
    const value = pick(
      ["0", "-1", "1", "3", "128", "4096", "1e9", "2147483648", "9007199254740992"].concat([
        "18446744073709551615",
        "1.5",
        '""',
        '"mix"',
        "null",
        "true",
        "[]",
        "{}",
        "[0,0]",
      ]),
    );
    const places = [...line.matchAll(/(?<=[:[,])(?:-?\d+|"\w*"|true|false)/g)].slice(1);
    const place = pick(places);
    return place === undefined
      ? line
      : line.slice(0, place.index) + value + line.slice(place.index + place[0].length);
  }
});
