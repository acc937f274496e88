import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import type { HelperNode, NodeLaunch } from "../../src/runtime/cuda/client/nodes.js";
import {
  BUILD_TIMEOUT_MS,
  expectDone,
  helperPath,
  noCompiler,
  SCALE,
} from "../support/native-helper.js";
import { base64, mix, opened, read } from "../support/stand-in-helper.js";

describe.skipIf(noCompiler !== undefined)(`order of calls (${noCompiler ?? ""})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  it("lets all streams but the first go first where it is asked for priorities, launched as a graph or one by one", async () => {
    // Two kernels that write the same place, on two streams: the second is launched later.
    const nodes = [mix(64, 0, 0, 1), mix(64, 0, 0, 2)];
    const launches = [
      { node: 0, stream: 0 },
      { node: 1, stream: 1 },
    ];
    /** What is left by each alone, and the different things that are left by both in many runs. */
    const left = async (env: Record<string, string>, mode: "graph" | "eager") => {
      const helper = await opened(256, env);
      try {
        await expectDone(helper, "program", { nodes });
        const after = async (schedule: readonly NodeLaunch[]): Promise<string> => {
          await expectDone(helper, "run", { schedule: { launches: schedule, mode } });
          return (await read(helper, 64, 8)).toString("hex");
        };
        const alone = [await after([{ node: 0 }]), await after([{ node: 1 }])];
        const both = new Set<string>();
        for (let run = 0; run < 40; run++) {
          both.add(await after(launches));
        }
        return { alone, both };
      } finally {
        await helper.close();
      }
    };
    for (const mode of ["graph", "eager"] as const) {
      const usual = await left({}, mode);
      expect(usual.both).toEqual(new Set(usual.alone));
      const { alone, both } = await left({ TOP_COMPILE_STREAM_PRIORITIES: "1" }, mode);
      // The first stream's kernel is always the last to write.
      expect(both).toEqual(new Set([alone[0]]));
    }
  });

  it("loads before it captures, and times nothing but the schedule", async () => {
    const folder = mkdtempSync(join(tmpdir(), "helper-"));
    const trace = join(folder, "trace");
    const helper = await opened(256, { STAND_IN_TRACE: trace });
    const nodes: HelperNode[] = [
      mix(64, 0, 0, 1),
      { kind: "memset", offset: 0, bytes: 8, value: 0 },
      { kind: "copy", src: 0, dst: 128, bytes: 8 },
    ];
    await expectDone(helper, "program", { nodes });
    writeFileSync(trace, "");
    await expectDone(helper, "measure", {
      schedules: [{ launches: [{ node: 0 }] }],
      rounds: 2,
      replays: 2,
      repeat: 2,
      warmupMs: 0,
      flushL2: true,
      prelude: 2,
    });
    await helper.close();
    const calls = readFileSync(trace, "utf8").trimEnd().split("\n");
    const start = calls.indexOf("cuLaunchKernel");
    const round = [
      "cuMemsetD8Async",
      "cuMemcpyDtoDAsync",
      "cuEventRecord",
      "cuGraphLaunch",
      "cuGraphLaunch",
      "cuEventRecord",
      "cuEventSynchronize",
      "cuCtxSynchronize",
      "cuEventElapsedTime",
    ];
    const setUp = [
      "cuLaunchKernel",
      "cuCtxSynchronize",
      "cuStreamBeginCapture",
      "cuLaunchKernel",
      "cuLaunchKernel",
      "cuStreamEndCapture",
      "cuGraphInstantiateWithFlags",
      "cuGraphUpload",
      "cuCtxSynchronize",
      "cuMemAlloc",
      "cuMemGetInfo",
      "cuEventCreate",
      "cuEventCreate",
    ];
    expect(calls.slice(start)).toEqual([...setUp, ...round, ...round]);
    rmSync(folder, { recursive: true, force: true });
  });
});

/** Dataflow graphs: node i mixes two earlier results into its own place. */
const dataflows = fc.record({
  count: fc.integer({ min: 2, max: 24 }),
  streams: fc.integer({ min: 1, max: 6 }),
  seed: fc.nat(),
  mode: fc.constantFrom("graph" as const, "eager" as const),
});

describe.skipIf(noCompiler !== undefined)(`scheduled execution (${noCompiler ?? ""})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  it("gives the bits of one stream, whatever the device does first", async () => {
    const helpers = await Promise.all(
      ["1", "2"].map((seed) => opened(4096, { STAND_IN_SEED: seed })),
    );
    await fc.assert(
      fc.asyncProperty(dataflows, async ({ count, streams, seed, mode }) => {
        const random = seededRandom(seed);
        const inputs = Array.from({ length: count }, (_, i) =>
          [0, 1].map(() => (i === 0 ? -1 : random.integer(i + 1) - 1)),
        );
        const place = (result: number): number => (result < 0 ? 0 : 8 + result * 8);
        const nodes = inputs.map(([a = -1, b = -1], i) => mix(place(i), place(a), place(b), i + 1));
        const launches = inputs.map((read, node) => ({
          node,
          stream: random.integer(streams),
          after: [...new Set(read.filter((each) => each >= 0))],
        }));
        const sequential = launches.map(({ node }) => ({ node }));
        for (const helper of helpers) {
          const wipe: HelperNode = { kind: "memset", offset: 8, bytes: count * 8, value: 0xff };
          await expectDone(helper, "program", { nodes: [...nodes, wipe] });
          const outcome = async (schedule: readonly NodeLaunch[]): Promise<string> => {
            await expectDone(helper, "upload", {
              items: [{ base64: base64(new Uint8Array(8 + count * 8)), offset: 0 }],
            });
            const replay = { schedule: { launches: schedule, mode }, prelude: count };
            await expectDone(helper, "run", replay);
            return (await read(helper, 0, 8 + count * 8)).toString("hex");
          };
          expect(await outcome(launches)).toBe(await outcome(sequential));
        }
      }),
      { numRuns: 25 * SCALE },
    );
    await Promise.all(helpers.map((helper) => helper.close()));
  });

  it("would show a wait that is missing", async () => {
    const helper = await opened(4096);
    const nodes = Array.from({ length: 16 }, (_, i) => mix(8 + i * 8, i * 8, 0, 1));
    await expectDone(helper, "program", { nodes });
    const outcomes = new Set<string>();
    const launches = nodes.map((_, node) => ({ node, stream: node % 4 }));
    for (let i = 0; i < 5; i++) {
      await expectDone(helper, "upload", {
        items: [{ base64: base64(new Uint8Array(200)), offset: 0 }],
      });
      await expectDone(helper, "run", { schedule: { launches } });
      outcomes.add((await read(helper, 0, 200)).toString("hex"));
    }
    expect(outcomes.size).toBeGreaterThan(1);
    await helper.close();
  });
});
