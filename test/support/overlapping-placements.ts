import fc from "fast-check";
import { parsePlacement } from "../../src/placement/parse-placement.js";
import type { Placement } from "../../src/placement/placement.js";

const TIME = fc.integer({ min: 1, max: 3 });

const SHAPE = fc.record({
  stages: fc.array(fc.record({ forward: TIME, backward: TIME, saved: fc.nat(3) }), {
    minLength: 1,
    maxLength: 2,
  }),
  weight: fc.option(TIME),
  isFolded: fc.boolean(),
  latency: fc.nat(1),
  memory: fc.constantFrom(undefined, 1, 2, 3),
  memoryRelease: fc.constantFrom("start" as const, "end" as const),
  workspace: fc.nat(1),
});

/** Small training pipelines whose forwards and backwards overlap, each stage on a device or all on one. */
export function overlappingPlacement(): fc.Arbitrary<Placement> {
  return SHAPE.map((shape) => {
    const { stages, weight, isFolded, latency, memory, memoryRelease, workspace } = shape;
    const home = (at: number): string => (isFolded ? "d0" : `d${at}`);
    const ids = stages.map((_, at) => at);
    const file = {
      format: "top-compile/placement",
      version: 1,
      timeUnit: "step",
      devices: [...new Set(ids.map(home))].map((name) => ({
        name,
        ...(memory === undefined ? {} : { memory: memory * (isFolded ? stages.length : 1) + 1 }),
      })),
      blocks: stages.flatMap(({ forward, backward }, at) => [
        {
          id: `f${at}`,
          kind: "forward",
          devices: [home(at)],
          duration: forward,
          memory: 1,
          workspace,
        },
        { id: `b${at}`, kind: "backward", devices: [home(at)], duration: backward, memory: -1 },
        ...(weight === null || at > 0
          ? []
          : [{ id: "w0", kind: "weight", devices: [home(0)], duration: weight }]),
      ]),
      dependencies: [
        ...ids.slice(1).flatMap((at) => [
          { from: `f${at - 1}`, to: `f${at}`, latency },
          { from: `b${at}`, to: `b${at - 1}`, latency },
        ]),
        { from: `f${stages.length - 1}`, to: `b${stages.length - 1}` },
        ...(weight === null ? [] : [{ from: "b0", to: "w0" }]),
      ],
      overlaps: stages.flatMap(({ forward, backward, saved }, at) => {
        const duration = Math.max(forward, backward, forward + backward - 1 - saved);
        return [{ blocks: [`f${at}`, `b${at}`], duration }];
      }),
      memoryRelease,
    };
    const read = parsePlacement(JSON.stringify(file));
    if (!read.ok) {
      throw new Error(JSON.stringify(read.error));
    }
    return read.value;
  });
}
