import fc from "fast-check";
import { parsePlacement, placementJson } from "../../src/placement/parse-placement.js";
import type { Placement } from "../../src/placement/placement.js";
import { linkedPlacement } from "./linked-placements.js";

/** The parts of a placement file that say what one plain micro-batch cannot. */
export interface UnlikeFile {
  readonly lengths?: readonly number[];
  readonly memoryRelease?: "start" | "end";
  readonly devices: readonly {
    readonly name: string;
    readonly memory?: number;
    readonly reserved?: number;
  }[];
  readonly links?: readonly {
    readonly name: string;
    readonly sharing: string;
    readonly blocking: string;
  }[];
  readonly blocks: readonly UnlikeBlock[];
  readonly dependencies: readonly {
    readonly from: string;
    readonly to: string;
    readonly latency?: number;
    readonly distance?: number;
    readonly link?: string;
    readonly transfer?: number;
  }[];
}

/** A block of such a file. */
export interface UnlikeBlock {
  readonly id: string;
  readonly kind?: string;
  readonly devices: readonly string[];
  readonly duration: number;
  readonly durations?: readonly number[];
  readonly memory?: number;
  readonly workspace?: number;
  readonly perStep?: boolean;
  readonly elsewhere?: readonly { readonly device: string; readonly memory: number }[];
}

/** A placement file and what it is read as. */
export interface UnlikePlacement {
  readonly file: UnlikeFile;
  readonly placement: Placement;
}

const EXTRAS = fc.record({
  lengths: fc.option(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 })),
  durations: fc.option(fc.nat(1000)),
  steps: fc.array(fc.record({ home: fc.nat(1000), before: fc.nat(1000), after: fc.nat(1000) }), {
    maxLength: 2,
  }),
  later: fc.array(
    fc.record({ from: fc.nat(1000), to: fc.nat(1000), distance: fc.integer({ min: 1, max: 3 }) }),
    { maxLength: 3 },
  ),
  elsewhere: fc.option(
    fc.record({
      device: fc.nat(1000),
      take: fc.nat(1000),
      give: fc.nat(1000),
      memory: fc.integer({ min: 1, max: 2 }),
      isLoan: fc.boolean(),
    }),
  ),
  reserved: fc.nat(2),
});

/** Placements of every form with lengths, blocks once per step, distances and memory elsewhere, or some of them. */
export function unlikePlacement(): fc.Arbitrary<UnlikePlacement> {
  return (
    fc
      .tuple(linkedPlacement(), EXTRAS)
      .map(([{ placement }, extras]): UnlikeFile => {
        const plain = placementJson(placement) as unknown as UnlikeFile;
        const { lengths, durations } = extras;
        const count = plain.blocks.length;
        const blocks: UnlikeBlock[] = plain.blocks.map((block, at) =>
          durations !== null && durations % count === at
            ? { ...block, durations: (lengths ?? [1, 2]).map((_, i) => 1 + ((durations + i) % 3)) }
            : block,
        );
        const dependencies: UnlikeFile["dependencies"][number][] = [...plain.dependencies];
        for (const [at, { home, before, after }] of extras.steps.entries()) {
          const id = `step${at}`;
          const device = plain.devices[home % plain.devices.length]!.name;
          blocks.push({ id, kind: "other", devices: [device], duration: 2, perStep: true });
          // The first comes before blocks, the second behind them.
          dependencies.push(
            at === 0
              ? { from: id, to: plain.blocks[after % count]!.id }
              : { from: plain.blocks[before % count]!.id, to: id },
          );
        }
        for (const { from, to, distance } of extras.later) {
          const ends = { from: plain.blocks[from % count]!.id, to: plain.blocks[to % count]!.id };
          const isKnown = dependencies.some(
            (each) => each.from === ends.from && each.to === ends.to,
          );
          if (!isKnown) {
            dependencies.push({ ...ends, distance });
          }
        }
        const loan = extras.elsewhere;
        if (loan !== null) {
          const [device] = [plain.devices[loan.device % plain.devices.length]!.name];
          const one = loan.take % count;
          const other = one + 1 + (loan.give % Math.max(1, count - one - 1));
          const sign = loan.isLoan ? 1 : -1;
          const isOff = [one, other].every(
            (at) => blocks[at] !== undefined && !blocks[at]!.devices.includes(device),
          );
          if (isOff) {
            const change = (at: number, memory: number): void => {
              blocks[at] = { ...blocks[at]!, elsewhere: [{ device, memory }] };
            };
            change(one, sign * loan.memory);
            change(other, -sign * loan.memory);
          }
        }
        return {
          ...plain,
          ...(lengths === null ? {} : { lengths }),
          devices: plain.devices.map((device) =>
            extras.reserved === 0
              ? device
              : {
                  ...device,
                  reserved: extras.reserved,
                  ...(device.memory === undefined
                    ? {}
                    : { memory: device.memory + extras.reserved }),
                },
          ),
          blocks,
          dependencies,
        };
      })
      .map((file) => ({ file, read: parsePlacement(JSON.stringify(file)) }))
      // Limits may be too small for the longest micro-batch, and distances of 0 may close a cycle.
      .filter(({ read }) => read.ok)
      .map(({ file, read }) => {
        if (!read.ok) {
          throw new Error("unreachable");
        }
        return { file, placement: read.value };
      })
  );
}
