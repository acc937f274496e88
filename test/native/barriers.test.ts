/** Kernels whose threads meet, on the stand-in: every barrier is kept, and one that is missing shows each time. */
import { beforeAll, describe, expect, it } from "vitest";
import { BUILD_TIMEOUT_MS, expectDone, helperPath, noCompiler } from "../support/native-helper.js";
import { opened } from "../support/stand-in-helper.js";

const THREADS = 64;
const BLOCKS = 3;

/** Each thread gives its number to the one at the other end of its block, over shared memory. */
const turned = (between: string): string =>
  `extern "C" __global__ void turn(int* p0) {
  __shared__ int at[${THREADS}];
  at[threadIdx.x] = blockIdx.x * ${THREADS} + threadIdx.x;
  ${between}
  p0[blockIdx.x * ${THREADS} + threadIdx.x] = at[${THREADS - 1} - threadIdx.x];
  __syncthreads();
}
`;

/** The sum of each warp's numbers, by exchanges. */
const summed = `extern "C" __global__ void turn(int* p0) {
  int sum = blockIdx.x * ${THREADS} + threadIdx.x;
  for (int mask = 16; mask > 0; mask /= 2) {
    sum += __shfl_xor_sync(0xffffffff, sum, mask);
  }
  p0[blockIdx.x * ${THREADS} + threadIdx.x] = sum;
}
`;

/** A barrier that half of the threads reach. */
const divergent = turned(`if (threadIdx.x < ${THREADS / 2}) {\n    __syncthreads();\n  }`).replace(
  /__syncthreads\(\);\n\}\n$/,
  "}\n",
);

const places = Array.from({ length: THREADS * BLOCKS }, (_, at) => at);

describe.skipIf(noCompiler !== undefined)(`threads that meet (${noCompiler ?? ""})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  /** What the kernel writes, or the failure of running it. */
  async function run(source: string) {
    const helper = await opened(1024);
    try {
      const { module } = await expectDone(helper, "compile", { source });
      const shape = { grid: [BLOCKS, 1, 1], block: [THREADS, 1, 1] } as const;
      const node = { kind: "kernel", module, function: "turn", ...shape, args: [{ ptr: 0 }] };
      await expectDone(helper, "program", { nodes: [node as never] });
      const done = await helper.call("run", { schedule: { launches: [{ node: 0 }] } });
      if (!done.ok) {
        return done.error[0].code;
      }
      const { base64 } = await expectDone(helper, "download", {
        offset: 0,
        bytes: 4 * places.length,
      });
      const { buffer } = Uint8Array.from(Buffer.from(base64 ?? "", "base64"));
      return [...new Int32Array(buffer)];
    } finally {
      await helper.close();
    }
  }

  it("hand numbers over at a barrier", async () => {
    const blockOf = (at: number): number => at - (at % THREADS);
    expect(await run(turned("__syncthreads();"))).toEqual(
      places.map((at) => blockOf(at) + THREADS - 1 - (at % THREADS)),
    );
  });

  it("exchange numbers within a warp", async () => {
    const sums = places.map((at) => 32 * (at - (at % 32)) + (31 * 32) / 2);
    expect(await run(summed)).toEqual(sums);
  });

  it("show a barrier that is missing", async () => {
    const found = await run(turned(""));
    const right = places.map((at) => at - (at % THREADS) + THREADS - 1 - (at % THREADS));
    expect(found).toHaveLength(right.length);
    expect(found).not.toEqual(right);
  });

  it("end the helper at a barrier that some of them never reach", async () => {
    expect(await run(divergent)).toBe("helper-crashed");
  });
});
