import type { PlacementFile } from "./linked-placements.js";

/**
 * Least makespans of tiny placements with links, from the definitions and by plain enumeration: at every time any of the works
 * that may start then does or does not. Nothing of it is shared with the searches, or with how placements are read.
 */

interface Work {
  readonly duration: number;
  readonly occupies: readonly string[];
  /** Works that it waits for, and how long after their ends. */
  readonly after: readonly { readonly work: number; readonly latency: number }[];
  /** Of a transfer: where it stands in turn, and the work that hands it over. */
  readonly queues: readonly string[];
  readonly sender: number;
}

function worksOf({ links, blocks, dependencies }: PlacementFile, microBatches: number): Work[] {
  const works: Work[] = [];
  for (let microBatch = 0; microBatch < microBatches; microBatch++) {
    const base = works.length;
    const at = (id: string): number => base + blocks.findIndex((block) => block.id === id);
    const after = blocks.map((): { work: number; latency: number }[] => []);
    for (const { duration, devices } of blocks) {
      const own = after[works.length - base]!;
      works.push({ duration, occupies: devices, after: own, queues: [], sender: -1 });
    }
    for (const { from, to, latency = 0, link, transfer = 0 } of dependencies) {
      const rules = links.find(({ name }) => name === link);
      const target = after[at(to) - base]!;
      if (rules === undefined || (rules.sharing === "shared" && rules.blocking === "neither")) {
        target.push({ work: at(from), latency: latency + transfer });
        continue;
      }
      const [senders, receivers] = [works[at(from)]!.occupies, works[at(to)]!.occupies];
      const pairs = senders.flatMap((one) =>
        receivers.filter((other) => other !== one).map((other) => [one, other].sort().join()),
      );
      target.push({ work: works.length, latency });
      works.push({
        duration: transfer,
        occupies: [
          ...(rules.sharing === "exclusive" ? [rules.name] : []),
          ...(["sender", "both"].includes(rules.blocking) ? senders : []),
          ...(["receiver", "both"].includes(rules.blocking) ? receivers : []),
        ],
        after: [{ work: at(from), latency: 0 }],
        queues:
          rules.order === "link"
            ? [rules.name]
            : rules.order === "pair"
              ? pairs.map((pair) => `${rules.name} ${pair}`)
              : [],
        sender: at(from),
      });
    }
  }
  return works;
}

/** The least makespan. Memory does not count; a work that can start later for ever is not waited for longer than all take. */
export function leastMakespanInTurn(file: PlacementFile, microBatches: number): number {
  const works = worksOf(file, microBatches);
  const starts = works.map(() => Number.POSITIVE_INFINITY);
  const endOf = (work: number): number => starts[work]! + works[work]!.duration;
  const isOpen = (work: number): boolean => starts[work] === Number.POSITIVE_INFINITY;
  const mayStart = (work: number, time: number): boolean => {
    const { occupies, after } = works[work]!;
    return (
      isOpen(work) &&
      after.every((each) => endOf(each.work) + each.latency <= time) &&
      works.every(
        ({ occupies: taken }, other) =>
          isOpen(other) || endOf(other) <= time || !taken.some((name) => occupies.includes(name)),
      )
    );
  };
  /** Whether all that was handed over before what starts now, in a queue of its own, has started. */
  const isInTurn = (time: number): boolean =>
    works.every(
      ({ queues, sender }, work) =>
        starts[work] !== time ||
        works.every(
          (other, at) =>
            !isOpen(at) ||
            !other.queues.some((queue) => queues.includes(queue)) ||
            !(endOf(other.sender) < endOf(sender)),
        ),
    );
  /** All that matters of a work later: that it is open, runs, is waited for, or where it stands among what is handed over. */
  const stateOf = (work: number, time: number): string | number => {
    const isAhead = works.some(
      ({ after }, at) =>
        isOpen(at) && after.some((each) => each.work === work && endOf(work) + each.latency > time),
    );
    const hands = (sender: number): boolean =>
      works.some((each, at) => isOpen(at) && each.sender === sender);
    if (isOpen(work)) {
      return "-";
    }
    if (isAhead || endOf(work) > time) {
      return endOf(work) - time;
    }
    const ends = works.flatMap((_, at) => (!isOpen(at) && hands(at) ? [endOf(at)] : []));
    return hands(work) ? `#${new Set(ends.filter((end) => end < endOf(work))).size}` : "x";
  };
  /** From the start of each work to the end of all, at least. */
  const tails = works.map(() => 0);
  for (const _ of works) {
    for (const [at, { duration, after }] of works.entries()) {
      tails[at] = Math.max(tails[at]!, duration);
      for (const { work, latency } of after) {
        tails[work] = Math.max(tails[work]!, works[work]!.duration + latency + tails[at]!);
      }
    }
  }
  let best = works.reduce(
    (sum, { duration, after }) =>
      after.reduce((total, { latency }) => total + latency, sum + duration),
    1,
  );
  // What is left does not depend on how it came to this: nothing is gained by coming to it later.
  const known = new Map<string, number>();
  const step = (time: number): void => {
    const end = works.reduce(
      (last, _, work) => (isOpen(work) ? last : Math.max(last, endOf(work))),
      0,
    );
    if (!works.some((_, work) => isOpen(work))) {
      best = Math.min(best, end);
      return;
    }
    const state = works.map((_, work) => stateOf(work, time)).join();
    const isLate = works.some((_, work) => isOpen(work) && time + tails[work]! >= best);
    if (end >= best || isLate || (known.get(state) ?? Number.POSITIVE_INFINITY) <= time) {
      return;
    }
    known.set(state, time);
    choose(time, 0);
  };
  const choose = (time: number, from: number): void => {
    if (from === works.length) {
      if (isInTurn(time)) {
        step(time + 1);
      }
      return;
    }
    if (mayStart(from, time)) {
      starts[from] = time;
      choose(time, from + 1);
      starts[from] = Number.POSITIVE_INFINITY;
    }
    choose(time, from + 1);
  };
  step(0);
  return best;
}
