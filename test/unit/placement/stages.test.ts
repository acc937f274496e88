import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Placement } from "../../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../../src/placement/shapes/build-shape.js";
import { buildPlacement } from "../../../src/placement/shapes/shape-builder.js";
import { chunksOf, stagesOf } from "../../../src/placement/stages.js";
import { placedBlocks } from "../../support/placed-blocks.js";

function shape(name: string, options: ShapeOptions): Placement {
  const built = buildShape(name, options);
  return built.ok ? built.value : undefined!;
}

/** `chain.chunk forward/backward/weight` of every stage, and `left ...` where blocks belong to none. */
function told(placement: Placement): readonly string[] {
  const { stages, left } = stagesOf(placement);
  const chunks = chunksOf(placement, stages);
  const id = (block: number): string => placement.blocks[block]!.id;
  const lines = stages.map(({ chain, forward, backward, weight }, at) => {
    const blocks = [forward, backward, weight].flatMap((block) =>
      block === undefined ? [] : [id(block)],
    );
    return `${chain}.${chunks[at]} ${blocks.join("/")}`;
  });
  return left.length === 0 ? lines : [...lines, `left ${left.map(id).join()}`];
}

describe("the stages of a placement", () => {
  it.each<[string, Placement, readonly string[]]>([
    ["a chain", shape("v", { devices: 2 }), ["0.0 f0/b1", "0.0 f1/b0"]],
    ["inference", shape("v", { devices: 2, mode: "infer" }), ["0.0 f0", "0.0 f1"]],
    [
      "a chain around the devices, whose chunks count",
      shape("interleaved-1f1b", { devices: 2, chunks: 2 }),
      ["0.0 f0/b3", "0.0 f1/b2", "0.1 f2/b1", "0.1 f3/b0"],
    ],
    [
      "a chain down and up, with weight gradients",
      shape("zb-v", { devices: 2 }),
      ["0.0 f0/b3/w3", "0.0 f1/b2/w2", "0.1 f2/b1/w1", "0.1 f3/b0/w0"],
    ],
    [
      "two chains in opposite directions",
      shape("x", { devices: 2 }),
      ["0.0 f0/b2", "0.0 f3/b1", "1.1 f1/b3", "1.1 f2/b0"],
    ],
    [
      "a frozen stage on all devices",
      shape("finetune", { devices: 2 }),
      ["0.0 f0", "0.1 f1/b1", "0.1 f2/b0"],
    ],
    [
      "branches that join",
      shape("k", { devices: 4 }),
      ["0.0 f0/b3", "0.0 f1/b4", "0.0 f2/b1", "0.0 f3/b2", "0.1 f4/b0"],
    ],
    [
      "a frozen stage between others",
      placedBlocks(["f0@0", "f1@1", "f2@2", "b2@2", "b0@0"], ["f0>f1", "f1>f2", "f2>b2", "b2>b0"]),
      ["0.0 f0/b0", "0.0 f1", "0.0 f2/b2"],
    ],
    [
      "transfers as blocks of their own",
      placedBlocks(
        ["f0@0", "o0@2", "f1@1", "b1@1", "o1@2", "b0@0"],
        ["f0>o0", "o0>f1", "f1>b1", "b1>o1", "o1>b0"],
      ),
      ["0.0 f0/b0", "0.0 f1/b1"],
    ],
    [
      "branches on one device, told apart by what leads to what",
      placedBlocks(
        ["f0@0", "f1@0", "f2@1", "b2@1", "b1@0", "b0@0"],
        ["f0>f2", "f1>f2", "f2>b2", "b2>b1", "b2>b0", "f0>b0", "f1>b1"],
      ),
      ["0.0 f0/b0", "0.1 f1/b1", "0.0 f2/b2"],
    ],
    [
      "a skip connection, in the order in which it is written down",
      placedBlocks(
        ["f2@0", "f1@1", "f0@0", "b0@0", "b1@1", "b2@0"],
        ["f0>f1", "f1>f2", "f0>f2", "f2>b2", "b2>b1", "b1>b0", "b2>b0"],
      ),
      ["0.0 f0/b0", "0.0 f1/b1", "0.1 f2/b2"],
    ],
    [
      "a backward on another device than any forward that could be its own",
      placedBlocks(["f0@0", "b0@1"], ["f0>b0"]),
      ["0.0 f0", "left b0"],
    ],
    [
      "two weight blocks of a backward",
      placedBlocks(["f0@0", "b0@0", "w0@0", "w1@0"], ["f0>b0", "b0>w0", "b0>w1"]),
      ["0.0 f0/b0/w0", "left w1"],
    ],
  ])("of %s", (_, placement, wanted) => {
    expect(told(placement)).toEqual(wanted);
  });

  const STEPS = fc.array(
    fc.record({
      device: fc.nat(3),
      after: fc.array(fc.nat(30), { maxLength: 2 }),
      isSplit: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  );

  it("are those that a placement was built of, whatever its graph", () => {
    fc.assert(
      fc.property(STEPS, fc.nat(), (drawn, turn) => {
        const steps = drawn.map(({ device, after, isSplit }, at) => ({
          // A device for each stage leaves no two ways to pair them.
          devices: [at],
          after: at === 0 ? [] : [...new Set(after.map((each) => each % at))],
          memory: device,
          forward: 1,
          backward: 1,
          ...(isSplit ? { weight: 1 } : {}),
        }));
        const built = buildPlacement(steps, {
          devices: steps.length,
          mode: "train",
          latency: 0,
          memory: undefined,
          memoryRelease: "end",
        });
        const placement = rotated(built, turn % built.blocks.length);
        const { stages, left } = stagesOf(placement);
        expect(left).toEqual([]);
        for (const { forward, backward = -1, weight } of stages) {
          const own = placement.blocks[forward]!.devices;
          expect(placement.blocks[backward]?.devices).toEqual(own);
          const isSplit = drawn[own[0]!]!.isSplit;
          expect(weight !== undefined).toBe(isSplit);
          expect(weight === undefined || placement.blocks[weight]!.devices[0]).toEqual(
            isSplit ? own[0] : true,
          );
        }
        expect(stages).toHaveLength(steps.length);
      }),
    );
  });
});

/** The same placement, its blocks in another order. */
function rotated(placement: Placement, by: number): Placement {
  const count = placement.blocks.length;
  const at = (block: number): number => (block + count - by) % count;
  return {
    ...placement,
    blocks: placement.blocks.map((_, place) => placement.blocks[(place + by) % count]!),
    dependencies: placement.dependencies.map(({ from, to, latency }) => {
      return { from: at(from), to: at(to), latency };
    }),
  };
}
