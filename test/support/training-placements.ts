import fc from "fast-check";
import type { Block, Dependency, Placement } from "../../src/placement/placement.js";

/** What random training placements may have. */
export interface TrainingBounds {
  readonly maxStages?: number;
  readonly maxDuration?: number;
  readonly maxLatency?: number;
}

/**
 * Random training pipelines with little memory: a chain of forward blocks and the backward blocks in
 * reverse, each pair on the device of its stage. A forward takes memory that its backward gives
 * back; every device has a limit from just enough for one micro-batch upwards, so that memory often
 * decides the period.
 */
export function trainingPlacement(bounds: TrainingBounds = {}): fc.Arbitrary<Placement> {
  const { maxStages = 3, maxDuration = 3, maxLatency = 1 } = bounds;
  return fc
    .record({
      stages: fc.array(
        fc.record({
          home: fc.nat(1000),
          forward: fc.integer({ min: 1, max: maxDuration }),
          backward: fc.integer({ min: 1, max: maxDuration }),
          memory: fc.integer({ min: 1, max: 2 }),
          workspace: fc.constantFrom(0, 0, 0, 1),
          latency: fc.nat(maxLatency),
        }),
        { minLength: 1, maxLength: maxStages },
      ),
      devices: fc.integer({ min: 1, max: maxStages }),
      slack: fc.nat(2),
      release: fc.constantFrom<"start" | "end">("start", "end"),
    })
    .map(({ stages, devices, slack, release }): Placement => {
      const homes = [...new Set(stages.map(({ home }) => home % devices))].sort((a, b) => a - b);
      const block = (id: string, stage: number, backward: boolean): Block => {
        const { home, forward, backward: back, memory, workspace } = stages[stage]!;
        return {
          id: `${id}${stage}`,
          kind: backward ? "backward" : "forward",
          devices: [homes.indexOf(home % devices)],
          duration: backward ? back : forward,
          memory: backward ? -memory : memory,
          workspace: backward ? 0 : workspace,
          operators: [],
        };
      };
      const count = stages.length;
      const blocks = [
        ...stages.map((_, stage) => block("f", stage, false)),
        ...stages.map((_, at) => block("b", count - 1 - at, true)),
      ];
      const dependencies = blocks.slice(1).map((_, at): Dependency => {
        return { from: at, to: at + 1, latency: stages[at % count]!.latency };
      });
      const need = homes.map((_, device) =>
        blocks
          .filter(({ devices: [own], kind }) => own === device && kind === "forward")
          .reduce((sum, { memory, workspace }) => sum + memory + workspace, 0),
      );
      return {
        timeUnit: "step",
        devices: need.map((least, at) => ({ name: `d${at}`, memory: least + slack })),
        blocks,
        dependencies,
        memoryRelease: release,
      };
    });
}
