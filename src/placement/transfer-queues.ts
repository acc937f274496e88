/**
 * Transfers that start in the order in which they are handed over: when the block before them has ended.
 *
 * Libraries that send between two devices over one connection take what is handed over in turn: both ends have to issue
 * their common sends and receives in one order, and what stands in front holds up the rest.
 */
import type { Placement } from "./placement.js";

/** The transfers of a queue, by their positions in `Placement.blocks`, ascending. */
export type TransferQueue = readonly number[];

/**
 * The queues of a placement, each once: one for each link whose `order` is `link`; where it is `pair`, one for each two
 * devices, whichever of them sends, with the transfers between a block on the one and a block on the other.
 *
 * A transfer between blocks on several devices is in the queue of each two of them. Transfers that hold nothing up start when
 * they are handed over, and stand in no queue. Order: by first transfer.
 */
export function transferQueues({ blocks, links = [] }: Placement): readonly TransferQueue[] {
  const queues = new Map<string, number[]>();
  for (const [at, { transfer }] of blocks.entries()) {
    const order = transfer && links[transfer.link]?.order;
    if (transfer === undefined || order === undefined) {
      continue;
    }
    const ends = [transfer.from, transfer.to].map((block) => blocks[block]?.devices ?? []);
    for (const pair of order === "link" ? ["all"] : pairsOf(ends[0] ?? [], ends[1] ?? [])) {
      const key = `${transfer.link} ${pair}`;
      queues.set(key, [...(queues.get(key) ?? []), at]);
    }
  }
  return [...new Map([...queues.values()].map((queue) => [queue.join(), queue])).values()];
}

/** Each device of the one with each other device of the other, whichever comes first. */
function pairsOf(one: readonly number[], other: readonly number[]): ReadonlySet<string> {
  return new Set(
    one.flatMap((a) =>
      other.filter((b) => b !== a).map((b) => `${Math.min(a, b)} ${Math.max(a, b)}`),
    ),
  );
}
