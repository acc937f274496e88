import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import type { GpuHelper } from "../../src/runtime/cuda/client/gpu-helper.js";
import type { ConvNode, HelperNode, NodeLaunch } from "../../src/runtime/cuda/client/nodes.js";
import { BUILD_TIMEOUT_MS, expectDone, noCompiler, SCALE } from "../support/native-helper.js";
import { base64, floats, mix, opened, read } from "../support/stand-in-helper.js";

const NOTHING: NodeLaunch["after"] = [];

describe.skipIf(noCompiler !== undefined)(`executor (${noCompiler ?? ""})`, () => {
  let helper: GpuHelper;
  beforeAll(async () => {
    helper = await opened(1 << 16);
  }, BUILD_TIMEOUT_MS);
  afterAll(() => helper.close());

  it("starts with NaN everywhere", async () => {
    await expectDone(helper, "arena", { bytes: 1 << 16, hostBytes: 256 });
    expect((await read(helper, 0, 1 << 16)).every((byte) => byte === 0xff)).toBe(true);
  });

  it("fills with the numbers of the seeded generator", async () => {
    await expectDone(helper, "fill", { offset: 8, count: 1000, seed: 42 });
    const random = seededRandom(42);
    const expected = Array.from({ length: 1000 }, () => Math.fround(random.between(-1, 1)));
    expect(await floats(helper, 8, 1000)).toEqual(expected);
  });

  it("takes and gives bytes of any length, and no others", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 20 }), fc.nat(50), async (bytes, offset) => {
        await expectDone(helper, "arena", { bytes: 128 });
        await expectDone(helper, "upload", { items: [{ base64: base64(bytes), offset }] });
        const expected = new Uint8Array(128).fill(0xff);
        expected.set(bytes, offset);
        expect([...(await read(helper, 0, 128))]).toEqual([...expected]);
        expect([...(await read(helper, offset, bytes.length))]).toEqual([...bytes]);
      }),
      { numRuns: 20 },
    );
    await expectDone(helper, "arena", { bytes: 1 << 16, hostBytes: 256 });
  });

  it("moves files in and out", async () => {
    const folder = mkdtempSync(join(tmpdir(), "helper-"));
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    const content = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) % 251);
    writeFileSync(from, content);
    const items = [{ path: from, fileOffset: 1000, bytes: 3000, offset: 64 }];
    expect(await expectDone(helper, "upload", { items })).toEqual({ bytes: 3000 });
    expect(await expectDone(helper, "download", { offset: 64, bytes: 2500, path: to })).toEqual({});
    expect(new Uint8Array(readFileSync(to))).toEqual(content.slice(1000, 3500));
    const refused = async (more: object): Promise<unknown> =>
      helper.call("upload", { items: [{ ...items[0], ...more }] as never });
    const pipe = join(folder, "pipe");
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    const wrongs = [{ fileOffset: 2001 }, ...["none", ".", "pipe"].map((name) => ({ name }))];
    for (const { name, ...more } of wrongs as { name?: string; fileOffset?: number }[]) {
      const wrong = name === undefined ? more : { path: join(folder, name) };
      expect(await refused(wrong)).toMatchObject({ error: [{ code: "helper-io-error", exit: 4 }] });
    }
    expect(
      await helper.call("download", { offset: 0, bytes: 1, path: join(folder, "no/where") }),
    ).toMatchObject({ error: [{ code: "helper-io-error" }] });
    expect(await helper.call("download", { offset: 0, bytes: 1, path: pipe })).toMatchObject({
      error: [{ code: "helper-io-error" }],
    });
    expect(await helper.call("compile", { image: pipe })).toMatchObject({
      error: [{ code: "helper-io-error" }],
    });
    rmSync(folder, { recursive: true, force: true });
  });

  it("hands arguments of every kind to a kernel", async () => {
    const show = (f32: number | "Infinity", f64: number | "-Infinity" | "NaN"): HelperNode => ({
      kind: "kernel",
      module: 0,
      function: "show",
      grid: [1, 1, 1],
      block: [1, 1, 1],
      args: [{ ptr: 128 }, { i32: -7 }, { i64: -(2 ** 53) }, { f32 }, { f64 }],
    });
    const shown = async (node: HelperNode): Promise<number[]> => {
      await expectDone(helper, "program", { nodes: [node] });
      await expectDone(helper, "run", { schedule: { launches: [{ node: 0 }] } });
      const bytes = await read(helper, 128, 32);
      return [0, 8, 16, 24].map((at) => bytes.readDoubleLE(at));
    };
    expect(await shown(show(1.5, 2.25))).toEqual([-7, -(2 ** 53), 1.5, 2.25]);
    expect(await shown(show("Infinity", "-Infinity"))).toEqual([
      -7,
      -(2 ** 53),
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
    expect(await shown(show(0, "NaN"))).toEqual([-7, -(2 ** 53), 0, Number.NaN]);
  });

  it("copies between device and host", async () => {
    await expectDone(helper, "upload", {
      items: [{ base64: base64(new Uint8Array([1, 2, 3, 4])), offset: 0 }],
    });
    const nodes: HelperNode[] = [
      { kind: "copy", src: 0, dst: 16, bytes: 4 },
      { kind: "copy", src: 16, dst: 8, bytes: 4, direction: "to-host" },
      { kind: "memset", offset: 16, bytes: 2, value: 9 },
      { kind: "copy", src: 9, dst: 18, bytes: 3, direction: "from-host" },
    ];
    await expectDone(helper, "program", { nodes });
    const launches = nodes.map((_, node) => ({
      node,
      stream: node % 3,
      after: node === 0 ? [] : [node - 1],
    }));
    await expectDone(helper, "run", { schedule: { launches } });
    expect([...(await read(helper, 16, 5))]).toEqual([9, 9, 2, 3, 4]);
  });

  it("multiplies matrices as asked", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          m: fc.integer({ min: 1, max: 4 }),
          n: fc.integer({ min: 1, max: 4 }),
          k: fc.integer({ min: 1, max: 4 }),
          batch: fc.integer({ min: 1, max: 2 }),
          pad: fc.integer({ min: 0, max: 2 }),
          transposeA: fc.boolean(),
          transposeB: fc.boolean(),
          isShared: fc.boolean(),
          alpha: fc.constantFrom(1, 2),
          beta: fc.constantFrom(0, 1, 3),
        }),
        async ({ m, n, k, batch, pad, transposeA, transposeB, isShared, alpha, beta }) => {
          await expectDone(helper, "fill", { offset: 0, count: 1024, seed: m * n + k });
          const all = await floats(helper, 0, 1024);
          const leadingA = (transposeA ? k : m) + pad;
          const leadingB = (transposeB ? n : k) + pad;
          const leadingC = m + pad;
          const node: HelperNode = {
            kind: "gemm",
            m,
            n,
            k,
            batch,
            alpha,
            beta,
            transposeA,
            transposeB,
            a: { offset: 0, leading: leadingA, stride: 100 },
            b: { offset: 1024, leading: leadingB, stride: isShared ? 0 : 100 },
            c: { offset: 2048, leading: leadingC, stride: 100 },
            dtype: "f32",
            math: "ieee",
          };
          await expectDone(helper, "program", { nodes: [node] });
          // Eager and captured: executed twice, so beta adds twice; look at one eager execution.
          await expectDone(helper, "run", { schedule: { launches: [{ node: 0 }], mode: "eager" } });
          const got = await floats(helper, 2048, 256);
          const at = (base: number, i: number): number => all[base + i] ?? Number.NaN;
          for (let item = 0; item < batch; item++) {
            for (let row = 0; row < m; row++) {
              for (let column = 0; column < n; column++) {
                let sum = 0;
                for (let i = 0; i < k; i++) {
                  const a = transposeA ? i + row * leadingA : row + i * leadingA;
                  const b = transposeB ? column + i * leadingB : i + column * leadingB;
                  sum += at(item * 100, a) * at(256 + (isShared ? 0 : item * 100), b);
                }
                const place = item * 100 + row + column * leadingC;
                let expected = at(512, place);
                for (let execution = 0; execution < 2; execution++) {
                  expected = alpha * sum + beta * expected;
                }
                expect(got[place]).toBeCloseTo(expected, 3);
              }
            }
          }
        },
      ),
      { numRuns: 30 * SCALE },
    );
  });

  it("convolves with pads, strides, dilations, groups, bias and relu", async () => {
    const node = (more: Partial<ConvNode>): ConvNode => ({
      kind: "conv",
      x: { offset: 0, dims: [2, 4, 7, 5] },
      w: { offset: 4096, dims: [6, 2, 3, 2] },
      y: { offset: 8192, dims: [2, 6, 4, 3] },
      pads: [2, 1],
      strides: [2, 2],
      dilations: [2, 1],
      groups: 2,
      dtype: "f32",
      math: "ieee",
      ...more,
    });
    await expectDone(helper, "fill", { offset: 0, count: 3000, seed: 3 });
    const all = await floats(helper, 0, 3000);
    const expected = (bias: boolean, relu: boolean): number[] => {
      const out: number[] = [];
      for (let batch = 0; batch < 2; batch++) {
        for (let o = 0; o < 6; o++) {
          for (let row = 0; row < 4; row++) {
            for (let column = 0; column < 3; column++) {
              let sum = bias ? (all[2500 + o] ?? 0) : 0;
              for (let c = 0; c < 2; c++) {
                for (let i = 0; i < 3; i++) {
                  for (let j = 0; j < 2; j++) {
                    const r = row * 2 - 2 + i * 2;
                    const s = column * 2 - 1 + j;
                    const channel = Math.floor(o / 3) * 2 + c;
                    const x = ((batch * 4 + channel) * 7 + r) * 5 + s;
                    const w = 1024 + ((o * 2 + c) * 3 + i) * 2 + j;
                    const isInside = r >= 0 && r < 7 && s >= 0 && s < 5;
                    sum += isInside ? (all[x] ?? 0) * (all[w] ?? 0) : 0;
                  }
                }
              }
              out.push(relu ? Math.max(sum, 0) : sum);
            }
          }
        }
      }
      return out;
    };
    for (const [bias, relu] of [
      [false, false],
      [true, false],
      [true, true],
    ] as const) {
      const more = bias ? { bias: 10_000, relu } : {};
      await expectDone(helper, "program", { nodes: [node(more)] });
      await expectDone(helper, "run", { schedule: { launches: [{ node: 0 }] } });
      const got = await floats(helper, 8192, 144);
      const wanted = expected(bias, relu);
      for (const [i, value] of got.entries()) {
        expect(value).toBeCloseTo(wanted[i] ?? Number.NaN, 4);
      }
    }
  });

  it("gives branches workspaces of their own", async () => {
    const conv = (y: number): HelperNode => ({
      kind: "conv",
      x: { offset: 0, dims: [1, 1, 2, 2] },
      w: { offset: 0, dims: [1, 1, 1, 1] },
      y: { offset: y, dims: [1, 1, 2, 2] },
      pads: [0, 0],
      strides: [1, 1],
      dilations: [1, 1],
      dtype: "f32",
      math: "tf32",
    });
    await expectDone(helper, "upload", {
      items: [{ base64: base64(new Float32Array([2, 3, 4, 5])), offset: 0 }],
    });
    const nodes = Array.from({ length: 8 }, (_, i) => conv(1024 + i * 64));
    await expectDone(helper, "program", { nodes });
    const launches = nodes.map((_, node) => ({ node, stream: node % 4, after: NOTHING }));
    await expectDone(helper, "run", { schedule: { launches }, replays: 20 });
    for (const [i] of nodes.entries()) {
      expect(await floats(helper, 1024 + i * 64, 4)).toEqual([4, 6, 8, 10]);
    }
  });

  it("keeps the workspaces of schedules that wait for others to be made", async () => {
    const conv = (outputs: number): HelperNode => ({
      kind: "conv",
      x: { offset: 0, dims: [1, 1, 2, 2] },
      w: { offset: 0, dims: [outputs, 1, 1, 1] },
      y: { offset: 1024, dims: [1, outputs, 2, 2] },
      pads: [0, 0],
      strides: [1, 1],
      dilations: [1, 1],
      dtype: "f32",
      math: "tf32",
    });
    // A helper that has made no slot yet: each schedule wants a larger workspace than the one before.
    const fresh = await opened(1 << 16);
    try {
      await expectDone(fresh, "program", { nodes: [1, 2, 4].map(conv) });
      const schedules = [0, 1, 2].map((node) => ({ launches: [{ node }] }));
      const done = await expectDone(fresh, "measure", { schedules, rounds: 3, warmupMs: 0 });
      expect(done.samplesUs.map((samples) => samples.length)).toEqual([3, 3, 3]);
    } finally {
      await fresh.close();
    }
  });

  it("tells the kernels of every node", async () => {
    const nodes: HelperNode[] = [
      { ...mix(0, 8, 16, 1), grid: [3, 2, 1], block: [64, 2, 1], shared: 2048 } as HelperNode,
      {
        kind: "conv",
        x: { offset: 0, dims: [1, 1, 2, 2] },
        w: { offset: 0, dims: [1, 1, 1, 1] },
        y: { offset: 64, dims: [1, 1, 2, 2] },
        pads: [0, 0],
        strides: [1, 1],
        dilations: [1, 1],
        dtype: "f32",
        math: "tf32",
      },
      { kind: "memset", offset: 0, bytes: 8, value: 0 },
    ];
    await expectDone(helper, "program", { nodes });
    const own = { registers: 40, staticSharedBytes: 128, localBytes: 8 };
    const library = { ...own, block: [128, 1, 1], dynamicSharedBytes: 1024, residentBlocks: 16 };
    expect(await expectDone(helper, "kernels", {})).toEqual({
      nodes: [
        {
          kernels: [
            {
              ...own,
              name: "mix",
              grid: [3, 2, 1],
              block: [64, 2, 1],
              dynamicSharedBytes: 2048,
              residentBlocks: 16,
            },
          ],
          transfers: 0,
        },
        {
          kernels: [
            { ...library, name: "stand_in_transform", grid: [4, 1, 1] },
            { ...library, name: "stand_in_conv", grid: [8, 1, 1] },
          ],
          transfers: 0,
        },
        { kernels: [], transfers: 1 },
      ],
    });
  });

  it("times the kernels of a library call one by one, where they stand", async () => {
    const conv = {
      kind: "conv",
      x: { offset: 0, dims: [1, 1, 2, 2] },
      w: { offset: 0, dims: [1, 1, 1, 1] },
      y: { offset: 64, dims: [1, 1, 2, 2] },
      pads: [0, 0],
      strides: [1, 1],
      dilations: [1, 1],
      dtype: "f32",
      math: "tf32",
    } as const;
    await expectDone(helper, "program", { nodes: [mix(0, 8, 16, 1), conv, conv] });
    const request = { timed: [0, 1], repeat: 4, rounds: 3 };
    const { nodes } = await expectDone(helper, "kernels", request);
    // A tick for each kernel that is on, one for the end of the graph, one for the event; of four copies.
    const ends = [(4 + 2) / 4, (8 + 2) / 4];
    expect(nodes.map(({ prefixUs }) => prefixUs?.length)).toEqual([undefined, 2, undefined]);
    for (const [at, samples] of (nodes[1]?.prefixUs ?? []).entries()) {
      expect(samples).toHaveLength(3);
      for (const sample of samples) {
        expect(sample).toBeCloseTo(ends[at] ?? 0, 3);
      }
    }
    const refused = await helper.call("kernels", { timed: [3] });
    expect(refused.ok ? undefined : refused.error[0].message).toContain("/timed/0");
  });

  it("launches a prelude of its own before each schedule, and says what the host took", async () => {
    const [a, b, c] = [mix(0, 8, 16, 1), mix(64, 8, 16, 2), mix(128, 8, 16, 3)];
    await expectDone(helper, "program", { nodes: [a, b, c] });
    const launches = [{ node: 0 }];
    const measured = await expectDone(helper, "measure", {
      schedules: [{ launches }, { launches, mode: "eager" }],
      rounds: 2,
      warmupMs: 0,
      preludes: [1, 2],
    });
    expect(measured.hostUs.map((samples) => samples.length)).toEqual([2, 2]);
    expect(Math.min(...measured.hostUs.flat())).toBeGreaterThan(0);
    for (const [preludes, pointer] of [
      [[1], "/preludes"],
      [[1, 3], "/preludes/1"],
    ] as const) {
      const schedules = [{ launches }, { launches }];
      const refused = await helper.call("measure", { schedules, rounds: 1, preludes });
      expect(refused.ok ? undefined : refused.error[0].message).toContain(pointer);
    }
  });

  it("measures every schedule every round", async () => {
    await expectDone(helper, "program", {
      nodes: [mix(0, 8, 16, 1), mix(64, 8, 16, 2), mix(128, 8, 16, 3)],
    });
    const one = [{ node: 0 }, { node: 1 }, { node: 2 }];
    const { samplesUs } = await expectDone(helper, "measure", {
      schedules: [{ launches: one }, { launches: one, mode: "eager" }, { launches: [] }],
      rounds: 5,
      replays: 3,
      repeat: 4,
      warmupMs: 1,
      flushL2: true,
      prelude: 0,
    });
    // The stand-in's clock ticks once for everything done: 3 kernels, the end of a graph of 4 copies,
    // and the event of the end, shared by 12 executions.
    const each = [3 + 1 / 4 + 1 / 12, 3 + 1 / 12, 1 / 4 + 1 / 12];
    expect(samplesUs.map((samples) => samples.length)).toEqual([5, 5, 5]);
    for (const [i, samples] of samplesUs.entries()) {
      for (const sample of samples) {
        expect(sample).toBeCloseTo(each[i] ?? 0, 3);
      }
    }
  });
});
