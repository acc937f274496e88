/**
 * The named shapes: layouts of a model's stages on devices.
 *
 * - `v`: one chain down the devices. `x`: two chains through all devices in opposite directions.
 * - `m`: a chain, with a first stage spread over all devices (a large embedding). `nn`: the spread
 *   stage comes again in the middle; `nn-eager`: again after the first stage of the chain. `mllm`:
 *   at both ends.
 * - `k`: two chains on one half of the devices each, joined by a spread stage.
 * - `finetune`: `m` whose spread stage is frozen. `alphafold`: the chain runs three times, and only
 *   the last pass is trained.
 * - `interleaved-1f1b`: the chain runs around the devices `chunks` times. `zb-h`, `zb-v`: one chain,
 *   and a chain down and up again, with separate weight gradients. `dualpipe`: two opposite chains
 *   with separate weight gradients.
 *
 * Source: Tessel (HPCA 2024) for the first nine; Narayanan et al. (SC 2021), Qi et al. (ICLR 2024)
 * and DeepSeek-V3 (arXiv 2412.19437) for the others.
 */
import type { ShapeStep } from "./shape-builder.js";

/** Durations of a stage's blocks. */
export interface ShapeTimes {
  readonly forward: number;
  readonly backward: number;
  /** Absent: the backward computes both gradients. */
  readonly weight?: number | undefined;
}

/** The devices and times that a shape is made for. */
export interface ShapeSize {
  readonly devices: number;
  readonly chunks: number;
  readonly times: ShapeTimes;
}

/** A named shape. */
export interface NamedShape {
  readonly steps: (size: ShapeSize) => readonly ShapeStep[];
  /** Fewest devices; `even`: only even numbers. */
  readonly least: number;
  readonly even: boolean;
  /** Default times. */
  readonly times: ShapeTimes;
  /** Whether `chunks` applies, and its default. */
  readonly chunks: number | undefined;
  /** Whether the gradient of the weights is a block of its own: when `--weight` is given, or always. */
  readonly splits: "always" | "optional" | "never";
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

/** Steps along devices, the first after `start`. */
function chain(
  devices: readonly number[],
  times: Pick<ShapeStep, "forward" | "backward" | "weight">,
  start: number,
  memory = 1,
): ShapeStep[] {
  return devices.map((device, i) => ({
    devices: [device],
    after: start + i > 0 && (i > 0 || start > 0) ? [start + i - 1] : [],
    memory,
    ...times,
  }));
}

function spread(devices: number, after: readonly number[], backward?: number): ShapeStep {
  const step = { devices: range(devices), after, memory: 0, forward: 1 };
  return backward === undefined ? step : { ...step, backward };
}

/** Times with a weight block where one is requested. */
function split({ weight, ...times }: ShapeTimes): Pick<ShapeStep, keyof ShapeTimes> {
  return weight === undefined ? times : { ...times, weight };
}

function whole({ forward, backward }: ShapeTimes): { forward: number; backward: number } {
  return { forward, backward };
}

/**
 * A chain with a spread stage before the devices at `cuts`, and after the last one if requested.
 */
function withSpread(cuts: readonly number[], backward: number | undefined, atEnd = false) {
  return ({ devices, times }: ShapeSize): ShapeStep[] => {
    const steps: ShapeStep[] = [];
    for (let device = 0; device <= devices; device++) {
      const last = steps.length === 0 ? [] : [steps.length - 1];
      if (cuts.includes(device) || (atEnd && device === devices)) {
        steps.push(spread(devices, last, backward));
      }
      if (device < devices) {
        const after = steps.length === 0 ? [] : [steps.length - 1];
        steps.push({ devices: [device], after, memory: 1, ...whole(times) });
      }
    }
    return steps;
  };
}

/** Several chains that advance together; blocks are named by step, then by device. */
function together(
  chains: readonly (readonly number[])[],
  times: Pick<ShapeStep, "forward" | "backward" | "weight">,
): ShapeStep[] {
  const steps: ShapeStep[] = [];
  const last = chains.map(() => -1);
  for (let at = 0; at < (chains[0]?.length ?? 0); at++) {
    const order = range(chains.length).sort(
      (a, b) => (chains[a]?.[at] ?? 0) - (chains[b]?.[at] ?? 0),
    );
    for (const each of order) {
      const before = last[each] ?? -1;
      const after = before < 0 ? [] : [before];
      steps.push({ devices: [chains[each]?.[at] ?? 0], after, memory: 1, ...times });
      last[each] = steps.length - 1;
    }
  }
  return steps;
}

function opposite(devices: number): number[][] {
  return [range(devices), range(devices).reverse()];
}

function halves({ devices, times }: ShapeSize): ShapeStep[] {
  const half = devices / 2;
  const lower = range(half);
  const steps = together([lower, lower.map((device) => device + half)], whole(times));
  const ends = [steps.length - 2, steps.length - 1];
  return [...steps, { ...spread(devices, ends, 1), memory: 1 }];
}

function threePasses({ devices, times }: ShapeSize): ShapeStep[] {
  const frozen = { forward: times.forward };
  return [
    ...chain(range(devices), frozen, 0, 0),
    ...chain(range(devices), frozen, devices, 0),
    ...chain(range(devices), whole(times), 2 * devices),
  ];
}

function around({ devices, chunks, times }: ShapeSize): ShapeStep[] {
  return range(chunks).flatMap((chunk) => chain(range(devices), split(times), chunk * devices));
}

function downAndUp({ devices, times }: ShapeSize): ShapeStep[] {
  return [
    ...chain(range(devices), split(times), 0),
    ...chain(range(devices).reverse(), split(times), devices),
  ];
}

const USUAL: ShapeTimes = { forward: 1, backward: 3 };
const SPLIT: ShapeTimes = { forward: 1, backward: 1, weight: 1 };

function shape(
  steps: NamedShape["steps"],
  rest: Partial<Omit<NamedShape, "steps">> = {},
): NamedShape {
  return {
    steps,
    least: 2,
    even: false,
    times: USUAL,
    chunks: undefined,
    splits: "never",
    ...rest,
  };
}

/** Every named shape, by its name on the command line. */
export const NAMED_SHAPES: ReadonlyMap<string, NamedShape> = new Map([
  ["v", shape(({ devices, times }) => chain(range(devices), whole(times), 0), { least: 1 })],
  ["x", shape(({ devices, times }) => together(opposite(devices), whole(times)), { even: true })],
  ["m", shape((size) => withSpread([0], 1)(size))],
  ["nn", shape((size) => withSpread([0, Math.floor(size.devices / 2)], 1)(size))],
  ["nn-eager", shape((size) => withEagerSpread(size))],
  ["k", shape(halves, { even: true })],
  ["mllm", shape((size) => withSpread([0], 1, true)(size))],
  [
    "finetune",
    shape((size) => withSpread([0], undefined)(size), { times: { ...USUAL, backward: 2 } }),
  ],
  ["alphafold", shape(threePasses, { times: { ...USUAL, backward: 1 } })],
  ["interleaved-1f1b", shape(around, { chunks: 2, splits: "optional" })],
  [
    "zb-h",
    shape(({ devices, times }) => chain(range(devices), split(times), 0), {
      times: SPLIT,
      splits: "always",
    }),
  ],
  ["zb-v", shape(downAndUp, { times: SPLIT, splits: "always" })],
  [
    "dualpipe",
    shape(({ devices, times }) => together(opposite(devices), split(times)), {
      times: SPLIT,
      splits: "always",
      even: true,
    }),
  ],
]);

/** The second spread stage comes after the first stage of the chain. */
function withEagerSpread(size: ShapeSize): readonly ShapeStep[] {
  return withSpread([0, 1], 1)(size);
}
