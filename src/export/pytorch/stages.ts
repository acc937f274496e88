/**
 * A placement as stages of `torch.distributed.pipelining`: which block is the forward, the backward and the weight
 * gradient of which stage, and which rank runs it.
 *
 * PyTorch knows one chain of stages. Each stage is on one rank, sends to the next stage alone, and has a backward for
 * every forward; a backward is whole (B), or split into the gradients of inputs (I) and of weights (W). Two
 * chains of as many stages each, as of two models trained in opposite directions, are stages 0 to n - 1 and n to
 * 2n - 1, with a stage class that ends the first and begins the second.
 */
import type { Failure } from "../../core/failure.js";
import { formatName } from "../../core/format.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { BlockKind, Placement } from "../../placement/placement.js";
import { type PlacementStages, stagesOf as placementStages } from "../../placement/stages.js";
import { blockUnfit } from "../failures.js";

/** A stage by the positions of its blocks. */
export interface Stage {
  /** Position of its device. */
  readonly rank: number;
  readonly forward: number;
  /** Absent in inference. */
  readonly backward?: number;
  /** Absent: the backward is whole. */
  readonly weight?: number;
}

/** The stages of a placement. */
export interface Stages {
  /** By number: those of the first chain, then those of the second. */
  readonly stages: readonly Stage[];
  /** Stages of each chain: all, or half of them. */
  readonly chainLength: number;
  readonly isTraining: boolean;
}

/** A problem with a block, by its position. */
interface Unfit {
  readonly block: number;
  readonly message: string;
  readonly hint: string;
}

/** The stages, or the first block that is none. */
type Found<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Unfit };

/** The stages of a placement. Fails: `export-block-unfit`, with the block or device that does not fit. */
export function stagesOf(placement: Placement, file: string): Result<Stages> {
  const found = stagesIn(placement);
  if (!found.ok) {
    const { block, ...problem } = found.error;
    return fail([blockUnfit(file, "block", nameOf(placement, block), problem)]);
  }
  const idle = placement.devices.filter(
    (_, device) => !found.value.stages.some(({ rank }) => rank === device),
  );
  const [first, ...rest] = idle.map(
    ({ name }): Failure =>
      blockUnfit(file, "device", name, {
        message: "has no block, and PyTorch needs a stage on every rank",
        hint: "leave the device out of the placement",
      }),
  );
  return first === undefined ? ok(found.value) : fail([first, ...rest]);
}

function nameOf({ blocks }: Placement, block: number): string {
  return blocks[block]?.id ?? "";
}

function stagesIn(placement: Placement): Found<Stages> {
  const alone =
    unfitAlone(placement) ?? unfitWay(placement, "forward") ?? unfitWay(placement, "backward");
  if (alone !== undefined) {
    return { ok: false, error: alone };
  }
  const { blocks } = placement;
  // Where a block of a stage lies elsewhere is said below; as pairs they are found by their dependencies.
  const found = placementStages({
    ...placement,
    blocks: blocks.map((block) => ({ ...block, devices: [0] })),
  });
  const chainLength = found.stages.filter(({ chain }) => chain === 0).length;
  const isTraining = blocks.some(({ kind }) => kind === "backward");
  const stages = found.stages.map(({ forward, backward, weight }): Stage => {
    const rank = blocks[forward]?.devices[0] ?? 0;
    return {
      rank,
      forward,
      ...(backward === undefined ? {} : { backward }),
      ...(weight === undefined ? {} : { weight }),
    };
  });
  const all: Stages = { stages, chainLength, isTraining };
  const problem =
    unfitChain(placement, found, chainLength) ??
    unfitPair(placement, all, found.left) ??
    unfitDependency(placement, all);
  return problem === undefined ? { ok: true, value: all } : { ok: false, error: problem };
}

/** A block that fits into no placement of stages. */
function unfitAlone({ blocks }: Placement): Unfit | undefined {
  const spread = blocks.findIndex(({ devices }) => devices.length > 1);
  if (spread >= 0) {
    return {
      block: spread,
      message: `is on ${blocks[spread]?.devices.length} devices, and a stage of PyTorch has one rank`,
      hint: "place the block on one device; PyTorch splits it over several inside of the stage",
    };
  }
  const other = blocks.findIndex(({ kind }) => kind === "other");
  return other < 0
    ? undefined
    : {
        block: other,
        message: "is of kind other, and PyTorch has forward, backward and weight",
        hint: "give the block one of these kinds",
      };
}

/** A block that leads to, or waits for, two others of its kind. */
function unfitWay({ blocks, dependencies }: Placement, kind: BlockKind): Unfit | undefined {
  const next = new Map<number, number>();
  const before = new Map<number, number>();
  for (const { from, to } of dependencies) {
    if (blocks[from]?.kind !== kind || blocks[to]?.kind !== kind) {
      continue;
    }
    const second = next.get(from);
    const other = before.get(to);
    if (second !== undefined) {
      return skips(blocks, from, [second, to], "sends to");
    }
    if (other !== undefined) {
      return skips(blocks, to, [other, from], "waits for");
    }
    next.set(from, to);
    before.set(to, from);
  }
  return undefined;
}

function skips(
  blocks: Placement["blocks"],
  block: number,
  ends: readonly number[],
  verb: string,
): Unfit {
  const names = ends.map((end) => formatName(blocks[end]?.id ?? ""));
  return {
    block,
    message: `${verb} ${names.join(" and ")}, and a stage of PyTorch sends to the next one alone`,
    hint: "let the stages between pass the tensor on, and leave the dependency that skips them out",
  };
}

/** A stage of a third chain, or of a second one that is not as long as the first. */
function unfitChain(
  placement: Placement,
  { stages }: PlacementStages,
  chainLength: number,
): Unfit | undefined {
  const third = stages.find(({ chain }) => chain === 2);
  const second = stages.find(({ chain }) => chain === 1);
  const isUneven = second !== undefined && stages.length !== 2 * chainLength;
  const wrong = third ?? (isUneven ? second : undefined);
  return (
    wrong && {
      block: wrong.forward,
      message: `begins another chain of forward blocks than ${formatName(nameOf(placement, stages[0]?.forward ?? 0))}, and PyTorch has one chain, or two of as many stages each`,
      hint: "add the dependencies that make all blocks one chain",
    }
  );
}

/** A block that does not belong to a stage, or lies elsewhere; `left` belong to none. */
function unfitPair(
  placement: Placement,
  { stages, isTraining }: Stages,
  left: readonly number[],
): Unfit | undefined {
  for (const { forward, backward } of stages) {
    if (isTraining && backward === undefined) {
      return withoutBackward(forward);
    }
    const away = awayFrom(placement, backward, forward);
    if (away !== undefined) {
      return away;
    }
  }
  const alone = left.find((block) => placement.blocks[block]?.kind === "backward");
  if (alone !== undefined) {
    return {
      block: alone,
      message: "is the backward of no forward block: PyTorch counts both from the last stage",
      hint: "give every forward block one backward block, and let the last forward lead to the first backward",
    };
  }
  const [weight] = left;
  return weight === undefined
    ? stages
        .map((stage) => awayFrom(placement, stage.weight, stage.backward ?? 0))
        .find((problem) => problem !== undefined)
    : unfitWeight(placement, weight);
}

function withoutBackward(forward: number): Unfit {
  return {
    block: forward,
    message: "has no backward, and PyTorch demands one of every stage, also of frozen ones",
    hint: "give the stage a backward block, or join it with the next stage",
  };
}

function awayFrom(
  placement: Placement,
  block: number | undefined,
  partner: number,
): Unfit | undefined {
  const { blocks } = placement;
  if (block === undefined || blocks[block]?.devices[0] === blocks[partner]?.devices[0]) {
    return undefined;
  }
  const name = formatName(nameOf(placement, partner));
  return {
    block,
    message: `is on another device than ${name} of its stage, and a stage of PyTorch has one rank`,
    hint: "place all blocks of a stage on one device",
  };
}

/** A weight block of no stage. */
function unfitWeight({ blocks, dependencies }: Placement, block: number): Unfit {
  const count = dependencies.filter(
    ({ from, to }) => to === block && blocks[from]?.kind === "backward",
  ).length;
  return {
    block,
    message:
      count === 1
        ? "is the second weight block of its stage, and PyTorch runs one"
        : `waits for ${count} backward blocks, and in PyTorch it follows the one of its stage`,
    hint: "give every stage one weight block that depends on its backward block",
  };
}

/** A dependency between stages that are not neighbors: PyTorch hands nothing over there. */
function unfitDependency(placement: Placement, { stages, chainLength }: Stages): Unfit | undefined {
  const stageOf = new Map<number, number>();
  for (const [at, { forward, backward, weight }] of stages.entries()) {
    for (const block of [forward, backward, weight]) {
      if (block !== undefined) {
        stageOf.set(block, at);
      }
    }
  }
  const chain = (stage: number): number => Math.floor(stage / chainLength);
  for (const { from, to } of placement.dependencies) {
    const [a, b] = [stageOf.get(from) ?? -1, stageOf.get(to) ?? -1];
    const [source, target] = [placement.blocks[from]?.kind, placement.blocks[to]?.kind];
    const step = source === "forward" ? 1 : -1;
    const isHandedOver = source === target && b === a + step && chain(a) === chain(b);
    if (a !== b && !(isHandedOver && source !== "weight")) {
      return {
        block: to,
        message: `depends on ${formatName(nameOf(placement, from))} of another stage, and PyTorch hands over outputs and their gradients between neighbors alone`,
        hint: "leave the dependency out, or let the stages between pass the tensor on",
      };
    }
  }
  return undefined;
}
