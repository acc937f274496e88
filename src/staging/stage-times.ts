/**
 * The durations of the stages' blocks, and the delays between a block and those that wait for it.
 *
 * If the reader pays for transfers, its block is that much longer. If transfers overlap with
 * computation, a device still cannot start micro-batches faster than its inputs arrive: a device that
 * receives for longer than it computes is as busy as its link, and its blocks are stretched in
 * proportion. A pipeline whose devices compute 100 us each while 1 ms of data comes in
 * for each micro-batch has a period of 1 ms, whatever the schedule.
 *
 * The latency of a link occupies no device: it delays only the stage that waits. A stretched block
 * includes waiting, so its latency is shorter by that: a single micro-batch is as late as it is
 * with the transfer in front of an unstretched block.
 *
 * The backward pass of a stage takes its ratio of computing, not of what is fixed or received: it
 * receives gradients of what the stage sends.
 */
import { transferNs } from "../partition/partition-problem.js";
import type { Link } from "./model-costs.js";

/** Computing in the backward pass as multiples of that in the forward pass. */
export interface TrainingRatios {
  /** All of it, or with `weight` the gradients of the inputs alone. */
  readonly backward: number;
  /** Gradients of the weights; absent: not split off. */
  readonly weight?: number;
}

/** The quantities that determine the times of a stage. */
export interface StageWork {
  readonly devices: readonly number[];
  /** Of its operators on its devices. */
  readonly computeNs: number;
  /** Sizes of tensors that come in from other devices, and of those that go to each stage there. */
  readonly receivedBytes: readonly number[];
  readonly sentBytes: readonly number[];
}

/** Times of the blocks of a stage: integers > 0. */
export interface BlockTimes {
  readonly forwardNs: number;
  /** Present in training. */
  readonly backwardNs?: number;
  /** Present where gradients of weights are split off. */
  readonly weightNs?: number;
}

/** Times of a stage, and what of them is waiting for its link. */
export interface StretchedTimes extends BlockTimes {
  /** The stretch of the forward and of the backward block. */
  readonly forwardWaitNs: number;
  readonly backwardWaitNs: number;
}

/** A device whose link is busy for longer than it computes. */
export interface LinkBound {
  readonly device: number;
  readonly computeNs: number;
  readonly linkNs: number;
}

/** The options that are the same for all stages. */
export interface TimeOptions {
  /** Paid for every block. */
  readonly blockNs: number;
  readonly training: TrainingRatios | undefined;
  /** The transfer costs paid by the reader or, with `overlapped`, by the link. */
  readonly link: Link;
  readonly transfers: "serial" | "overlapped";
}

/**
 * The link without its latency if transfers overlap, as latency then occupies neither device nor
 * link.
 */
export function occupyingLink({ link, transfers }: Pick<TimeOptions, "link" | "transfers">): Link {
  return transfers === "serial" ? link : { ...link, latencyNs: 0 };
}

/** The times of all stages, and the devices that wait for their links, ascending. */
export function stageTimes(
  stages: readonly StageWork[],
  options: TimeOptions,
): { readonly times: readonly StretchedTimes[]; readonly linkBound: readonly LinkBound[] } {
  const { training, transfers } = options;
  const link = occupyingLink(options);
  const onLink = (sizes: readonly number[]): number =>
    sizes.reduce((sum, bytes) => sum + transferNs({ link }, bytes), 0);
  const plain = stages.map(({ computeNs, receivedBytes, sentBytes }) => {
    const [received, gradients] = [onLink(receivedBytes), onLink(sentBytes)];
    const serial = transfers === "serial" ? 1 : 0;
    const block = (ratio: number, receive: number): number =>
      options.blockNs + ratio * computeNs + serial * receive;
    return {
      forwardNs: block(1, received),
      backwardNs: training === undefined ? 0 : block(training.backward, gradients),
      weightNs: training?.weight === undefined ? 0 : block(training.weight, 0),
      linkNs: serial === 1 ? 0 : received + (training === undefined ? 0 : gradients),
    };
  });
  const linkBound = linkBoundOf(stages, plain);
  const times = plain.map(({ forwardNs, backwardNs, weightNs }, stage): StretchedTimes => {
    const factor = linkBound
      .filter(({ device }) => stages[stage]?.devices.includes(device))
      .reduce((most, { linkNs, computeNs }) => Math.max(most, linkNs / computeNs), 1);
    const whole = (ns: number): number => Math.max(1, Math.round(ns * factor));
    return {
      forwardNs: whole(forwardNs),
      ...(training === undefined ? {} : { backwardNs: whole(backwardNs) }),
      ...(training?.weight === undefined ? {} : { weightNs: whole(weightNs) }),
      forwardWaitNs: forwardNs * (factor - 1),
      backwardWaitNs: backwardNs * (factor - 1),
    };
  });
  return { times, linkBound };
}

function linkBoundOf(
  stages: readonly StageWork[],
  plain: readonly {
    readonly forwardNs: number;
    readonly backwardNs: number;
    readonly weightNs: number;
    readonly linkNs: number;
  }[],
): readonly LinkBound[] {
  const sums = new Map<number, LinkBound>();
  plain.forEach(({ forwardNs, backwardNs, weightNs, linkNs }, stage) => {
    for (const device of stages[stage]?.devices ?? []) {
      const known = sums.get(device) ?? { device, computeNs: 0, linkNs: 0 };
      sums.set(device, {
        device,
        computeNs: known.computeNs + forwardNs + backwardNs + weightNs,
        linkNs: known.linkNs + linkNs,
      });
    }
  });
  return [...sums.values()]
    .filter(({ computeNs, linkNs }) => linkNs > computeNs)
    .sort((a, b) => a.device - b.device);
}
