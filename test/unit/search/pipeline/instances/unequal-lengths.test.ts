import { expect, it } from "vitest";
import { parsePlacement } from "../../../../../src/placement/parse-placement.js";
import { buildShape } from "../../../../../src/placement/shapes/build-shape.js";
import { searchPipeline } from "../../../../../src/search/pipeline/algorithms.js";

const STAGES = [0, 1, 2, 3];

/** Four stages, forward 1 and backward 2 for each unit of length, then an optimizer of `step` on each device. */
function placementOf(lengths: readonly number[], step: number): string {
  return JSON.stringify({
    format: "top-compile/placement",
    version: 1,
    timeUnit: "step",
    devices: STAGES.map((at) => ({ name: `d${at}`, memory: 18 })),
    lengths,
    blocks: STAGES.flatMap((at) => [
      { id: `f${at}`, kind: "forward", devices: [`d${at}`], duration: 1, memory: 1 },
      { id: `b${at}`, kind: "backward", devices: [`d${at}`], duration: 2, memory: -1 },
      ...(step === 0 ? [] : [{ id: `o${at}`, devices: [`d${at}`], duration: step, perStep: true }]),
    ]),
    dependencies: [
      ...STAGES.slice(1).flatMap((at) => [
        { from: `f${at - 1}`, to: `f${at}` },
        { from: `b${at}`, to: `b${at - 1}` },
      ]),
      { from: "f3", to: "b3" },
      ...(step === 0 ? [] : STAGES.map((at) => ({ from: `b${at}`, to: `o${at}` }))),
    ],
    memoryRelease: "start",
  });
}

// Least makespans by CP-SAT of OR-Tools 9.15, proved by it.
it.each([
  [[1, 4, 2, 8, 1, 2, 1, 3], 0, 114],
  [[4, 2, 4, 6, 1, 6, 2, 1], 6, 118],
] as const)("micro-batches of %j, with a step of %i, take %i", (lengths, step, makespan) => {
  const read = parsePlacement(placementOf(lengths, step));
  if (!read.ok) {
    throw new Error(JSON.stringify(read.error));
  }
  const found = searchPipeline("top-compile", read.value, lengths.length);
  expect(found.ok && found.value.whole.makespan).toBe(makespan);
});

// Every forward beside an input gradient, in the time of one: DualPipe's order for 20 micro-batches takes 46 and 52.
it.each([
  [4, 46],
  [8, 52],
])("DualPipe on %i devices is no longer than its published order, %i", (devices, published) => {
  const built = buildShape("dualpipe", { devices, memory: devices + 1 });
  if (!built.ok) {
    throw new Error(JSON.stringify(built.error));
  }
  const { blocks } = built.value;
  const at = (kind: string): readonly number[] =>
    blocks.flatMap((block, position) => (block.kind === kind ? [position] : []));
  const overlaps = at("forward").flatMap((forward) =>
    at("backward")
      .filter((backward) => blocks[backward]!.devices[0] === blocks[forward]!.devices[0])
      .map((backward) => ({ blocks: [forward, backward] as const, duration: 1 })),
  );
  const found = searchPipeline("top-compile", { ...built.value, overlaps }, 10);
  expect(found.ok && found.value.whole.makespan).toBeLessThanOrEqual(published);
});
