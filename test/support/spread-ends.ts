import fc from "fast-check";
import type { Block, Placement } from "../../src/placement/placement.js";

/** Placements with one block over all devices before all others, one behind all others, or both. */
export function withSpreadEnds(inner: fc.Arbitrary<Placement>): fc.Arbitrary<Placement> {
  const time = fc.integer({ min: 1, max: 3 });
  const which = fc.constantFrom("first", "last", "both");
  return fc.record({ inner, first: time, last: time, which }).map((drawn): Placement => {
    const { blocks, dependencies, devices } = drawn.inner;
    const over = (id: string, duration: number): Block => ({
      id,
      kind: "other",
      devices: [...devices.keys()],
      duration,
      memory: 0,
      workspace: 0,
      operators: [],
    });
    const count = blocks.length;
    const isFirst = drawn.which !== "last";
    const isLast = drawn.which !== "first";
    const shift = isFirst ? 1 : 0;
    const ends = [...blocks.keys()].flatMap((at) => [
      ...(isFirst ? [{ from: 0, to: at + 1, latency: 0 }] : []),
      ...(isLast ? [{ from: at + shift, to: count + shift, latency: 0 }] : []),
    ]);
    return {
      ...drawn.inner,
      blocks: [
        ...(isFirst ? [over("first", drawn.first)] : []),
        ...blocks,
        ...(isLast ? [over("last", drawn.last)] : []),
      ],
      dependencies: [
        ...dependencies.map((each) => ({
          ...each,
          from: each.from + shift,
          to: each.to + shift,
        })),
        ...ends,
      ].sort((a, b) => a.from - b.from || a.to - b.to),
    };
  });
}
