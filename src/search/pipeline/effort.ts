import type { Placement } from "../../placement/placement.js";
import type { Effort } from "../../schedule/pipeline-efforts.js";
import { withoutSends } from "./quick/with-transfers.js";

/** Work at most for each aim, in the unit of the method that serves it. */
export interface Shares {
  /** Blocks placed for the shortest period, and for all that follows from it. */
  readonly period: number;
  /** Share of what is left of them for a period of several micro-batches. */
  readonly shareOfMore: number;
  /** Of those: for less memory at that period, and for less latency; `undefined`: all that is left. */
  readonly memory: number | undefined;
  readonly latency: number | undefined;
  /** Blocks placed for each other order that is as good on paper; 0: none is looked for. */
  readonly steadiness: number;
  /** Blocks placed while a whole schedule is shortened. */
  readonly whole: number;
  /** Blocks placed for less memory of a whole schedule. */
  readonly wholeMemory: number;
  /** Block instances looked at while it is asked how short one can be. */
  readonly bound: number;
  /** Whether schedules that have become the same get it too. */
  readonly isThorough: boolean;
  /** Nodes for each question whether a small whole schedule can be so short. */
  readonly question: number;
  /** Block instances looked at while it is searched in full whether a whole schedule can be shorter. */
  readonly exact: number;
}

/** Work of the thorough search; what everything else is a part of. */
const MOST: Shares = {
  period: 1_000_000,
  shareOfMore: 0.1,
  memory: undefined,
  latency: undefined,
  steadiness: 20_000,
  whole: 400_000,
  wholeMemory: 400_000,
  bound: 20_000_000,
  isThorough: true,
  exact: 4_000_000,
  question: 4000,
};

/**
 * The work that an effort gives to a placement; with `maxNodes`, the period gets that much, and nothing
 * else gets more.
 *
 * The period is what the search is for. What comes after it is worth less, and proofs of it that end do so
 * early: so by default it gets a small part. The period gets more the more blocks there are.
 */
export function sharesOf(effort: Effort, placement: Placement, maxNodes?: number): Shares {
  const own = OWN[effort](placement);
  if (maxNodes === undefined) {
    return own;
  }
  return {
    ...own,
    period: maxNodes,
    steadiness: Math.min(own.steadiness, maxNodes),
    whole: Math.min(own.whole, maxNodes),
    wholeMemory: Math.min(own.wholeMemory, maxNodes),
    bound: Math.min(own.bound, INSTANCES_PER_NODE * maxNodes),
    exact: Math.min(own.exact, INSTANCES_PER_NODE * maxNodes),
    question: Math.min(own.question, Math.floor(maxNodes / NODES_PER_QUESTION)),
  };
}

/** Blocks placed for the shortest period by default. */
export function usualWork(blocks: number): number {
  return blocks < MANY_BLOCKS ? Math.min(180_000, Math.max(4, blocks) * 18_000) : MOST.period;
}

/**
 * Whether blocks between others hold several devices: periods are then hard to fit together, and published orders, with what
 * they send put in again, do better than a longer search.
 */
function hasBlockingSends(placement: Placement): boolean {
  const senders = withoutSends(placement)?.senders ?? new Map<number, number>();
  return [...senders.keys()].some((at) => (placement.blocks[at]?.devices.length ?? 0) > 1);
}

/** Work where many sends block several devices: more of it changed no makespan of 4 x 4 and 8 x 4 chunks. */
function blockedWork({ blocks }: Placement): Partial<Shares> {
  if (blocks.length < FEW_BLOCKS) {
    return {};
  }
  return {
    period: BLOCKED_WORK,
    whole: 40_000,
    wholeMemory: 15_000,
    bound: 300_000,
  };
}

/** Up to so many blocks no search takes long. */
const FEW_BLOCKS = 48;
/** For the shortest period of more. */
const BLOCKED_WORK = 60_000;

/** Looking at so many block instances takes as long as a node for the period. */
const INSTANCES_PER_NODE = 10;
/** A question about a whole schedule takes as long as so many nodes for the period. */
const NODES_PER_QUESTION = 250;
/** From so many blocks on, the period gets all the work that there is. */
const MANY_BLOCKS = 64;

const OWN: Readonly<Record<Effort, (placement: Placement) => Shares>> = {
  quick: () => ({
    ...MOST,
    period: 20_000,
    memory: 2000,
    latency: 2000,
    steadiness: 0,
    whole: 20_000,
    wholeMemory: 5000,
    bound: 200_000,
    isThorough: false,
    exact: 0,
    question: 0,
  }),
  default: (placement) => ({
    ...MOST,
    steadiness: 4000,
    period: usualWork(placement.blocks.length),
    ...(placement.blocks.length < MANY_BLOCKS ? { shareOfMore: 0.25 } : {}),
    memory: 50_000,
    latency: 20_000,
    wholeMemory: 100_000,
    bound: 3_000_000,
    exact: 500_000,
    isThorough: false,
    ...(hasBlockingSends(placement) ? blockedWork(placement) : {}),
  }),
  thorough: () => MOST,
};
