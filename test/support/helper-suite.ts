/**
 * What the helper must do on any device: run over the stand-in in every test run, and on a GPU by
 * `npm run test:gpu`. The kernels are CUDA for a GPU; the stand-in knows them by their names.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import type { GpuHelper } from "../../src/runtime/cuda/client/gpu-helper.js";
import type {
  ConvNode,
  ExecutionMode,
  GemmNode,
  HelperNode,
  KernelArgument,
  NodeLaunch,
} from "../../src/runtime/cuda/client/nodes.js";
import { BUILD_TIMEOUT_MS, expectDone } from "./native-helper.js";

/** CUDA of the kernels. `mix` takes long enough for two of them to overlap; what it writes depends on all that it reads. */
export const SUITE_SOURCE = `
typedef unsigned long long u64;
extern "C" __global__ void mix(u64 *to, const u64 *a, const u64 *b, int salt) {
  if (threadIdx.x != 0 || blockIdx.x != 0) return;
  long long start = clock64();
  while (clock64() - start < 20000) {}
  u64 value = *a * 0x9e3779b97f4a7c15ull ^ (*b + (unsigned)salt) * 0xc2b2ae3d27d4eb4full;
  value ^= value >> 29;
  *to = value * 0xbf58476d1ce4e5b9ull ^ value >> 32;
}
extern "C" __global__ void show(double *to, int small, long long large, float single, double twice) {
  to[0] = small; to[1] = (double)large; to[2] = single; to[3] = twice;
}
extern "C" __global__ void fault() { *(volatile int *)1 = 1; }
`;

const ARENA_BYTES = 1 << 20;

/** Largest difference of norms, relative: what f32 sums and TF32 products may be off. */
const TOLERANCE = { ieee: 1e-5, tf32: 5e-3 } as const;

function kernel(name: string, args: readonly KernelArgument[]): HelperNode {
  return { kind: "kernel", module: 0, function: name, grid: [1, 1, 1], block: [32, 1, 1], args };
}

async function floats(helper: GpuHelper, offset: number, count: number): Promise<Float64Array> {
  const { base64 } = await expectDone(helper, "download", { offset, bytes: count * 4 });
  const bytes = Buffer.from(base64 ?? "", "base64");
  return Float64Array.from({ length: count }, (_, i) => bytes.readFloatLE(i * 4));
}

function distance(got: Float64Array, wanted: Float64Array): number {
  let off = 0;
  let all = 0;
  for (const [i, value] of wanted.entries()) {
    off += ((got[i] ?? Number.NaN) - value) ** 2;
    all += value ** 2;
  }
  return Math.sqrt(off / all);
}

/** Describes the suite; `obtain` starts the helper. */
export function describeHelperOn(device: string, obtain: () => Promise<GpuHelper>): void {
  describe(`helper on ${device}`, () => {
    let helper: GpuHelper;
    const prepare = async (): Promise<void> => {
      await expectDone(helper, "open", { device: 0 });
      await expectDone(helper, "arena", { bytes: ARENA_BYTES, hostBytes: 4096 });
      await expectDone(helper, "compile", { source: SUITE_SOURCE });
    };
    beforeAll(async () => {
      helper = await obtain();
      await prepare();
    }, BUILD_TIMEOUT_MS);
    afterAll(() => helper.close());

    const runOne = async (node: HelperNode, mode: ExecutionMode = "graph"): Promise<void> => {
      await expectDone(helper, "program", { nodes: [node] });
      await expectDone(helper, "run", { schedule: { launches: [{ node: 0 }], mode } });
    };

    it("finds driver and libraries whole", async () => {
      const probe = await expectDone(helper, "probe", {});
      expect(probe.problem).toBeUndefined();
      expect(probe.driver).toMatchObject({ found: true, missing: [] });
      for (const library of Object.values(probe.libraries)) {
        expect(library).toMatchObject({ found: true, missing: [] });
      }
    });

    it("hands arguments to a kernel", async () => {
      const args = [{ ptr: 64 }, { i32: -7 }, { i64: 2 ** 53 }, { f32: 1.5 }, { f64: 0.1 }];
      await runOne(kernel("show", args));
      const { base64 } = await expectDone(helper, "download", { offset: 64, bytes: 32 });
      const shown = Buffer.from(base64 ?? "", "base64");
      expect([0, 8, 16, 24].map((at) => shown.readDoubleLE(at))).toEqual([-7, 2 ** 53, 1.5, 0.1]);
    });

    it.each([
      ["ieee", false, false, 1],
      ["ieee", true, false, 3],
      ["ieee", false, true, 2],
      ["tf32", true, true, 2],
    ] as const)(
      "multiplies matrices: %s, transposed %s %s, batch %i",
      async (math, ta, tb, batch) => {
        const [m, n, k] = [13, 9, 17];
        await expectDone(helper, "fill", { offset: 0, count: 4096, seed: 7 });
        const all = await floats(helper, 0, 4096);
        const a = { offset: 0, leading: (ta ? k : m) + 3, stride: 512 };
        const b = { offset: 8192, leading: (tb ? n : k) + 2, stride: 512 };
        const c = { offset: 32768, leading: m, stride: m * n };
        const node: GemmNode = {
          ...{ kind: "gemm", m, n, k, batch, a, b, c, math, dtype: "f32" },
          ...{ transposeA: ta, transposeB: tb, alpha: 0.5 },
        };
        await runOne(node);
        const wanted = Float64Array.from({ length: batch * m * n }, (_, at) => {
          const [item, column, row] = [Math.floor(at / (m * n)), Math.floor(at / m) % n, at % m];
          let sum = 0;
          for (let i = 0; i < k; i++) {
            const left = item * 512 + (ta ? i + row * a.leading : row + i * a.leading);
            const right = item * 512 + (tb ? column + i * b.leading : i + column * b.leading);
            sum += (all[left] ?? 0) * (all[2048 + right] ?? 0);
          }
          return 0.5 * sum;
        });
        expect(distance(await floats(helper, 32768, wanted.length), wanted)).toBeLessThan(
          TOLERANCE[math],
        );
      },
    );

    it.each([
      ["ieee", 1, false],
      ["ieee", 2, true],
      ["tf32", 4, true],
    ] as const)("convolves: %s, %i groups, bias and relu %s", async (math, groups, relu) => {
      const [channels, size, outputs] = [8, 9, 12];
      const inner = channels / groups;
      await expectDone(helper, "fill", { offset: 0, count: 8192, seed: 9 });
      const all = await floats(helper, 0, 8192);
      const extent = Math.floor((size + 2 - 3) / 2) + 1;
      const node: ConvNode = {
        kind: "conv",
        x: { offset: 0, dims: [2, channels, size, size] },
        w: { offset: 8192, dims: [outputs, inner, 3, 3] },
        y: { offset: 65536, dims: [2, outputs, extent, extent] },
        ...(relu ? { bias: 16384, relu } : {}),
        ...{ pads: [1, 1], strides: [2, 2], dilations: [1, 1], groups, dtype: "f32", math },
      };
      await runOne(node);
      const wanted: number[] = [];
      for (let at = 0; at < 2 * outputs * extent * extent; at++) {
        const [column, row] = [at % extent, Math.floor(at / extent) % extent];
        const o = Math.floor(at / extent ** 2) % outputs;
        const batch = Math.floor(at / (extent ** 2 * outputs));
        let sum = relu ? (all[4096 + o] ?? 0) : 0;
        for (let c = 0; c < inner; c++) {
          for (let i = 0; i < 9; i++) {
            const [r, s] = [row * 2 - 1 + Math.floor(i / 3), column * 2 - 1 + (i % 3)];
            const channel = Math.floor(o / (outputs / groups)) * inner + c;
            const x = ((batch * channels + channel) * size + r) * size + s;
            const isInside = r >= 0 && s >= 0 && r < size && s < size;
            sum += isInside ? (all[x] ?? 0) * (all[2048 + (o * inner + c) * 9 + i] ?? 0) : 0;
          }
        }
        wanted.push(relu ? Math.max(sum, 0) : sum);
      }
      const got = await floats(helper, 65536, wanted.length);
      expect(distance(got, Float64Array.from(wanted))).toBeLessThan(TOLERANCE[math]);
    });

    it("copies between host and device", async () => {
      const nodes: readonly HelperNode[] = [
        { kind: "memset", offset: 0, bytes: 16, value: 0x5a },
        { kind: "copy", src: 0, dst: 64, bytes: 16, direction: "to-host" },
        { kind: "copy", src: 64, dst: 256, bytes: 16, direction: "from-host" },
        { kind: "copy", src: 256, dst: 512, bytes: 16 },
      ];
      await expectDone(helper, "program", { nodes });
      const launches = nodes.map((_, node) => ({
        node,
        stream: node,
        after: node === 0 ? [] : [node - 1],
      }));
      await expectDone(helper, "run", { schedule: { launches } });
      const { base64 } = await expectDone(helper, "download", { offset: 512, bytes: 16 });
      expect(Buffer.from(base64 ?? "", "base64").toString("hex")).toBe("5a".repeat(16));
    });

    it.each(["graph", "eager"] as const)(
      "gives the bits of one stream on many (%s)",
      async (mode) => {
        const random = seededRandom(mode.length);
        for (let round = 0; round < 10; round++) {
          const count = 8 + random.integer(40);
          const streams = 2 + random.integer(6);
          const place = (result: number): number => 8 + result * 8;
          const reads = Array.from({ length: count }, (_, i) =>
            [0, 1].map(() => random.integer(i + 1) - 1),
          );
          const nodes = reads.map(([a = -1, b = -1], i) =>
            kernel("mix", [{ ptr: place(i) }, { ptr: place(a) }, { ptr: place(b) }, { i32: i }]),
          );
          // The schedule is executed once to be prepared: what that left behind is wiped out, or a result
          // that was not waited for would be there all the same.
          const wipe: HelperNode = { kind: "memset", offset: 8, bytes: count * 8, value: 0xff };
          await expectDone(helper, "program", { nodes: [...nodes, wipe] });
          const outcome = async (launches: readonly NodeLaunch[]): Promise<string> => {
            const zeros = Buffer.alloc(8 + count * 8).toString("base64");
            await expectDone(helper, "upload", { items: [{ base64: zeros, offset: 0 }] });
            await expectDone(helper, "run", { schedule: { launches, mode }, prelude: count });
            const bytes = 8 + count * 8;
            return (await expectDone(helper, "download", { offset: 0, bytes })).base64 ?? "";
          };
          const scheduled = reads.map((each, node) => ({
            node,
            stream: random.integer(streams),
            after: [...new Set(each.filter((before) => before >= 0))],
          }));
          expect(await outcome(scheduled)).toBe(await outcome(nodes.map((_, node) => ({ node }))));
        }
      },
    );

    it("tells the kernels of what it launches", async () => {
      const gemm: GemmNode = {
        ...{ kind: "gemm", m: 64, n: 64, k: 64, dtype: "f32", math: "tf32" },
        ...{ a: { offset: 0, leading: 64 }, b: { offset: 16384, leading: 64 } },
        c: { offset: 32768, leading: 64 },
      };
      const mix = kernel("mix", [{ ptr: 8 }, { ptr: 0 }, { ptr: 0 }, { i32: 1 }]);
      await expectDone(helper, "program", { nodes: [mix, gemm] });
      const { nodes } = await expectDone(helper, "kernels", {});
      expect(nodes[0]?.kernels).toMatchObject([
        { name: "mix", grid: [1, 1, 1], block: [32, 1, 1], dynamicSharedBytes: 0 },
      ]);
      expect(nodes[1]?.kernels.length).toBeGreaterThan(0);
      for (const each of nodes.flatMap(({ kernels }) => kernels)) {
        expect(each.name).not.toBe("");
        expect(each.registers).toBeGreaterThan(0);
      }
    });

    it("measures in turns", async () => {
      const nodes = [0, 1, 2].map((i) =>
        kernel("mix", [{ ptr: 8 + i * 8 }, { ptr: 0 }, { ptr: 0 }, { i32: i }]),
      );
      await expectDone(helper, "program", { nodes });
      const launches = [{ node: 0 }, { node: 1 }, { node: 2 }];
      const { samplesUs } = await expectDone(helper, "measure", {
        schedules: [{ launches }, { launches, mode: "eager" }],
        ...{ rounds: 9, replays: 2, repeat: 2, warmupMs: 20, flushL2: true, prelude: 0 },
      });
      expect(samplesUs.map((samples) => samples.length)).toEqual([9, 9]);
      expect(Math.min(...samplesUs.flat())).toBeGreaterThan(0);
    });

    it("says when memory runs out", async () => {
      expect(await helper.call("arena", { bytes: 2 ** 50 })).toMatchObject({
        error: [{ code: "gpu-out-of-memory" }],
      });
      await prepare();
    });

    it("is there again after the device was lost", async () => {
      const other = await obtain();
      await expectDone(other, "open", { device: 0 });
      await expectDone(other, "arena", { bytes: 64 });
      await expectDone(other, "compile", { source: SUITE_SOURCE });
      await expectDone(other, "program", { nodes: [kernel("fault", [])] });
      const lost = await other.call("run", { schedule: { launches: [{ node: 0 }] } });
      expect(lost).toMatchObject({ error: [{ code: "cuda-error", exit: 4 }] });
      await other.close();
      await runOne({ kind: "memset", offset: 0, bytes: 4, value: 0 });
      expect([...(await floats(helper, 0, 1))]).toEqual([0]);
    });
  });
}
