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
import { blockUnfit } from "../failures.js";

/** The role of a block in its stage. */
export type Part = "forward" | "backward" | "weight";

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
  const alone = unfitAlone(placement);
  if (alone !== undefined) {
    return { ok: false, error: alone };
  }
  const forwards = chainsOf(placement, "forward");
  if (!forwards.ok) {
    return forwards;
  }
  const backwards = chainsOf(placement, "backward");
  if (!backwards.ok) {
    return backwards;
  }
  const withBackward = pairChains(placement, forwards.value, backwards.value);
  if (!withBackward.ok) {
    return withBackward;
  }
  const stages = withWeights(placement, withBackward.value);
  if (!stages.ok) {
    return stages;
  }
  const [chain = []] = forwards.value;
  const all: Stages = {
    stages: stages.value,
    chainLength: chain.length,
    isTraining: backwards.value.length > 0,
  };
  const other = unfitDependency(placement, all);
  return other === undefined ? { ok: true, value: all } : { ok: false, error: other };
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

/** Blocks of a kind as one or two chains of dependencies, each from its head; none: no chain. */
function chainsOf(placement: Placement, kind: BlockKind): Found<readonly (readonly number[])[]> {
  const { blocks, dependencies } = placement;
  const own = blocks.flatMap((block, at) => (block.kind === kind ? [at] : []));
  const next = new Map<number, number>();
  const before = new Map<number, number>();
  for (const { from, to } of dependencies) {
    if (blocks[from]?.kind !== kind || blocks[to]?.kind !== kind) {
      continue;
    }
    const second = next.get(from);
    const other = before.get(to);
    if (second !== undefined) {
      return skips(placement, from, [second, to], "sends to");
    }
    if (other !== undefined) {
      return skips(placement, to, [other, from], "waits for");
    }
    next.set(from, to);
    before.set(to, from);
  }
  const heads = own.filter((block) => !before.has(block));
  const chains = heads.map((head) => followed(head, next));
  const [first, second, third] = chains;
  const [from, to] = [first?.length ?? 0, second?.length ?? 0];
  const wrong = third?.[0] ?? (second !== undefined && from !== to ? second[0] : undefined);
  return wrong === undefined
    ? { ok: true, value: chains }
    : {
        ok: false,
        error: {
          block: wrong,
          message: `begins another chain of ${kind} blocks than ${formatName(nameOf(placement, heads[0] ?? 0))}, and PyTorch has one chain, or two of as many stages each`,
          hint: "add the dependencies that make all blocks one chain",
        },
      };
}

function skips(
  placement: Placement,
  block: number,
  ends: readonly number[],
  verb: string,
): Found<never> {
  const names = ends.map((end) => formatName(nameOf(placement, end)));
  return {
    ok: false,
    error: {
      block,
      message: `${verb} ${names.join(" and ")}, and a stage of PyTorch sends to the next one alone`,
      hint: "let the stages between pass the tensor on, and leave the dependency that skips them out",
    },
  };
}

function followed(head: number, next: ReadonlyMap<number, number>): readonly number[] {
  const chain = [head];
  for (let at = next.get(head); at !== undefined; at = next.get(at)) {
    chain.push(at);
  }
  return chain;
}

/** Stages of forward chains, each with the backward block that stands as far from the turn as it does. */
function pairChains(
  placement: Placement,
  forwards: readonly (readonly number[])[],
  backwards: readonly (readonly number[])[],
): Found<readonly Stage[]> {
  const { blocks, dependencies } = placement;
  const stages: Stage[] = [];
  const used = new Set<number>();
  for (const chain of forwards) {
    const last = chain.at(-1) ?? 0;
    const back = backwards.findIndex((each) =>
      dependencies.some(({ from, to }) => from === last && to === each[0]),
    );
    used.add(back);
    for (const [at, forward] of chain.entries()) {
      const rank = blocks[forward]?.devices[0] ?? 0;
      const backward = backwards[back]?.[chain.length - 1 - at];
      if (backwards.length > 0 && backward === undefined) {
        return withoutBackward(forward);
      }
      if (backward !== undefined && blocks[backward]?.devices[0] !== rank) {
        return elsewhere(placement, backward, forward);
      }
      stages.push({ rank, forward, ...(backward === undefined ? {} : { backward }) });
    }
  }
  const paired = new Set(stages.map(({ backward }) => backward));
  const left = backwards.flat().find((block) => !paired.has(block));
  return left === undefined
    ? { ok: true, value: stages }
    : {
        ok: false,
        error: {
          block: left,
          message: "is the backward of no forward block: PyTorch counts both from the last stage",
          hint: "give every forward block one backward block, and let the last forward lead to the first backward",
        },
      };
}

function withoutBackward(forward: number): Found<never> {
  return {
    ok: false,
    error: {
      block: forward,
      message: "has no backward, and PyTorch demands one of every stage, also of frozen ones",
      hint: "give the stage a backward block, or join it with the next stage",
    },
  };
}

function elsewhere(placement: Placement, block: number, partner: number): Found<never> {
  const name = formatName(nameOf(placement, partner));
  return {
    ok: false,
    error: {
      block,
      message: `is on another device than ${name} of its stage, and a stage of PyTorch has one rank`,
      hint: "place all blocks of a stage on one device",
    },
  };
}

/** The stages with their weight blocks. */
function withWeights(placement: Placement, stages: readonly Stage[]): Found<readonly Stage[]> {
  const { blocks, dependencies } = placement;
  const weights = new Map<number, number>();
  for (const [block, { kind, devices }] of blocks.entries()) {
    if (kind !== "weight") {
      continue;
    }
    const sources = dependencies.filter(({ to }) => to === block).map(({ from }) => from);
    const before = sources.filter((from) => blocks[from]?.kind === "backward");
    const stage = stages.findIndex(({ backward }) => backward === before[0]);
    if (before.length !== 1 || stage < 0 || weights.has(stage)) {
      return {
        ok: false,
        error: {
          block,
          message:
            before.length === 1
              ? "is the second weight block of its stage, and PyTorch runs one"
              : `waits for ${before.length} backward blocks, and in PyTorch it follows the one of its stage`,
          hint: "give every stage one weight block that depends on its backward block",
        },
      };
    }
    if (devices[0] !== stages[stage]?.rank) {
      return elsewhere(placement, block, before[0] ?? 0);
    }
    weights.set(stage, block);
  }
  return {
    ok: true,
    value: stages.map((stage, at) => {
      const weight = weights.get(at);
      return weight === undefined ? stage : { ...stage, weight };
    }),
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
