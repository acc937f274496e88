import { expect, it } from "vitest";
import { parsePlacement } from "../../../../../src/placement/parse-placement.js";
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
