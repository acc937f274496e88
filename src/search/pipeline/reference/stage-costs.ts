import type { ChainStage } from "../../../placement/chain.js";
import type { Placement } from "../../../placement/placement.js";

/** Positions in the triples below. */
export const FORWARD = 0;
/** Gradient of the input. */
export const BACKWARD = 1;
/** Gradient of the weights. */
export const WEIGHT = 2;

/** What kind of block: `FORWARD`, `BACKWARD` or `WEIGHT`. */
export type PassKind = 0 | 1 | 2;

/** A number for the forward, the backward and the weight block of a stage. */
export type PerKind = readonly [number, number, number];

/** What the rules that split the backward know of a stage. */
export interface StageCosts {
  readonly device: number;
  /** Positions in `Placement.blocks`. */
  readonly blocks: PerKind;
  readonly durations: PerKind;
  /** Lasting change of memory. */
  readonly memory: PerKind;
  /**
   * Time between the end of what the block waits for on another stage and its earliest start: the
   * forward for the stage before, the backward for the stage behind.
   */
  readonly latencies: PerKind;
}

/** The costs of every stage of a chain; `undefined` when a stage has no weight block of its own. */
export function stageCostsOf(
  { blocks, dependencies }: Placement,
  stages: readonly ChainStage[],
): readonly StageCosts[] | undefined {
  const latency = (from: number | undefined, to: number): number =>
    dependencies.find((each) => each.from === from && each.to === to)?.latency ?? 0;
  const costs = stages.flatMap(({ device, forward, backward, weight }, at): StageCosts[] => {
    if (backward === undefined || weight === undefined) {
      return [];
    }
    const own: PerKind = [forward, backward, weight];
    const [before, behind] = [stages[at - 1], stages[at + 1]];
    return [
      {
        device,
        blocks: own,
        durations: perKind(own, (block) => blocks[block]?.duration ?? 0),
        memory: perKind(own, (block) => blocks[block]?.memory ?? 0),
        latencies: [latency(before?.forward, forward), latency(behind?.backward, backward), 0],
      },
    ];
  });
  return costs.length === stages.length ? costs : undefined;
}

function perKind([forward, backward, weight]: PerKind, of: (block: number) => number): PerKind {
  return [of(forward), of(backward), of(weight)];
}
