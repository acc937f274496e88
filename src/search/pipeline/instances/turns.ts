/**
 * Works that take turns while they are placed: in each queue, the pair whose first work ends first has the second work that
 * starts first.
 *
 * A second work waits for those whose first work is placed and ends earlier, and starts no earlier than the last that is
 * placed; a first work ends no earlier than any whose second work is placed. So a pair that is placed is never to be before one
 * that comes later, whatever the order in which works are placed.
 */
import type { HandOver, InstanceProblem } from "./instance-problem.js";

/** What is known of a queue. */
interface Queue {
  /** Ends of first works whose second work is not placed yet. */
  readonly open: Map<HandOver, number>;
  /** The latest end of a first work whose second work is placed. */
  lastOver: number;
  /** The latest start of a second work that is placed. */
  lastStart: number;
}

/** The queues of a problem while its works are placed. */
export class Turns {
  readonly #queues: Queue[] = [];
  readonly #asFirst: ReadonlyMap<number, readonly HandOver[]>;
  readonly #asSecond: ReadonlyMap<number, readonly HandOver[]>;

  constructor({ handOvers }: InstanceProblem) {
    const asFirst = new Map<number, HandOver[]>();
    const asSecond = new Map<number, HandOver[]>();
    for (const each of handOvers) {
      this.#queues[each.queue] ??= { open: new Map(), lastOver: 0, lastStart: 0 };
      asFirst.set(each.first, [...(asFirst.get(each.first) ?? []), each]);
      asSecond.set(each.second, [...(asSecond.get(each.second) ?? []), each]);
    }
    this.#asFirst = asFirst;
    this.#asSecond = asSecond;
  }

  /** Whether another work has to be placed before it. Requires: what it depends on is placed. */
  hasToWait(at: number): boolean {
    return (this.#asSecond.get(at) ?? []).some((own) => {
      const { open } = this.#queues[own.queue] as Queue;
      const over = open.get(own) ?? 0;
      // Its own others are placed with it.
      return [...open].some(([each, other]) => other < over && each.second !== at);
    });
  }

  /** The first start from `ready` on that its queues allow, if it lasts `duration`. Requires: it has not to wait. */
  earliest(at: number, ready: number, duration: number): number {
    let start = ready;
    for (const { queue } of this.#asSecond.get(at) ?? []) {
      start = Math.max(start, this.#queues[queue]?.lastStart ?? 0);
    }
    for (const { queue } of this.#asFirst.get(at) ?? []) {
      start = Math.max(start, (this.#queues[queue]?.lastOver ?? 0) - duration);
    }
    return start;
  }

  /** Places it; returns whether that was the turn of some queue. Requires: `earliest` allows the start. */
  put(at: number, start: number, duration: number): boolean {
    const end = start + duration;
    for (const each of this.#asFirst.get(at) ?? []) {
      this.#queues[each.queue]?.open.set(each, end);
    }
    const seconds = this.#asSecond.get(at) ?? [];
    for (const each of seconds) {
      const queue = this.#queues[each.queue] as Queue;
      queue.lastOver = Math.max(queue.lastOver, queue.open.get(each) ?? 0);
      queue.lastStart = Math.max(queue.lastStart, start);
      queue.open.delete(each);
    }
    return seconds.length > 0;
  }
}
