import fc from "fast-check";
import { parsePlacement, placementJson } from "../../src/placement/parse-placement.js";
import type { Link, Placement } from "../../src/placement/placement.js";
import { everyPlacement } from "./chain-placements.js";

/** A placement file with links, and the placement that it is. */
export interface LinkedPlacement {
  readonly file: PlacementFile;
  readonly placement: Placement;
}

/** The parts of a placement file that links touch. */
export interface PlacementFile {
  readonly links: readonly Link[];
  readonly blocks: readonly {
    readonly id: string;
    readonly devices: readonly string[];
    readonly duration: number;
  }[];
  readonly dependencies: readonly {
    readonly from: string;
    readonly to: string;
    readonly latency?: number;
    readonly link?: string;
    readonly transfer?: number;
  }[];
}

const LINK = fc.record({
  sharing: fc.constantFrom("exclusive" as const, "shared" as const),
  blocking: fc.constantFrom(
    "neither" as const,
    "sender" as const,
    "receiver" as const,
    "both" as const,
  ),
  order: fc.constantFrom(undefined, "pair" as const, "link" as const),
});

/** Placements of every form whose dependencies go over links of every kind, or over none. */
export function linkedPlacement(): fc.Arbitrary<LinkedPlacement> {
  return (
    fc
      .record({
        placement: everyPlacement(),
        links: fc.array(LINK, { minLength: 1, maxLength: 3 }),
        sends: fc.array(fc.record({ link: fc.nat(3), transfer: fc.integer({ min: 1, max: 3 }) }), {
          minLength: 1,
          maxLength: 9,
        }),
      })
      .map(({ placement, links, sends }) => {
        const plain = placementJson(placement) as unknown as PlacementFile;
        const file: PlacementFile = {
          ...plain,
          links: links.map(({ order, ...rules }, at) => ({
            name: `wire${at}`,
            ...rules,
            ...(order === undefined ? {} : { order }),
          })),
          dependencies: plain.dependencies.map((dependency, at) => {
            const { link, transfer } = sends[at % sends.length]!;
            return link < links.length
              ? { ...dependency, link: `wire${link}`, transfer }
              : dependency;
          }),
        };
        return { file, placement: parsePlacement(JSON.stringify(file)) };
      })
      // Limits may be too small for a block.
      .filter(({ placement }) => placement.ok)
      .map(({ file, placement }) => {
        if (!placement.ok) {
          throw new Error("unreachable");
        }
        return { file, placement: placement.value };
      })
  );
}
