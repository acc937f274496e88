import type { ModuloProblem } from "./modulo-problem.js";

/**
 * The order in which the search places blocks: outwards from the middle.
 *
 * Each connected part starts at the last block that takes memory before the first release, and grows
 * along dependencies, blocks of a device that is already begun first. So a device's take and release
 * are placed one right after the other around what lies between them, devices are finished (and
 * their memory is known) early, and what the rest of the search still sees stays small.
 */
export function outwardOrder(problem: ModuloProblem): readonly number[] {
  const placed = new Uint8Array(problem.count);
  const begun = new Int32Array(problem.blocksOn.length);
  const order: number[] = [];
  const change = netChange(problem);
  for (const part of connectedParts(problem)) {
    let next: number | undefined = middleOf(part, change);
    const frontier = new Set<number>();
    while (next !== undefined) {
      order.push(next);
      placed[next] = 1;
      frontier.delete(next);
      for (const device of problem.devicesOf[next] ?? []) {
        begun[device] = (begun[device] ?? 0) + 1;
      }
      for (const { block } of [...(problem.before[next] ?? []), ...(problem.after[next] ?? [])]) {
        if (placed[block] === 0) {
          frontier.add(block);
        }
      }
      next = best(problem, frontier, begun, change);
    }
  }
  return order;
}

function best(
  problem: ModuloProblem,
  frontier: ReadonlySet<number>,
  begun: Int32Array,
  change: Float64Array,
): number | undefined {
  let found: number | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const block of frontier) {
    const devices = problem.devicesOf[block] ?? [];
    const touches = devices.length === 1 && (begun[devices[0] ?? 0] ?? 0) > 0 ? 2 : 0;
    const score = touches + ((change[block] ?? 0) > 0 ? 1 : 0);
    if (score > most) {
      most = score;
      found = block;
    }
  }
  return found;
}

function netChange(problem: ModuloProblem): Float64Array {
  const change = new Float64Array(problem.count);
  for (const events of problem.events) {
    for (const event of events) {
      change[event.block] = event.change;
    }
  }
  return change;
}

/** The last take before the first release, else the middle of the order. */
function middleOf(part: readonly number[], change: Float64Array): number {
  const release = part.findIndex((block) => (change[block] ?? 0) < 0);
  for (let at = release - 1; at >= 0; at--) {
    const block = part[at];
    if (block !== undefined && (change[block] ?? 0) > 0) {
      return block;
    }
  }
  return part[Math.floor(part.length / 2)] ?? 0;
}

/** Blocks of each connected part, in topological order. */
function connectedParts(problem: ModuloProblem): readonly (readonly number[])[] {
  const part = new Int32Array(problem.count).fill(-1);
  let parts = 0;
  for (let root = 0; root < problem.count; root++) {
    if (part[root] === -1) {
      const stack = [root];
      part[root] = parts;
      for (let block = stack.pop(); block !== undefined; block = stack.pop()) {
        const edges = [...(problem.before[block] ?? []), ...(problem.after[block] ?? [])];
        for (const { block: other } of edges) {
          if (part[other] === -1) {
            part[other] = parts;
            stack.push(other);
          }
        }
      }
      parts++;
    }
  }
  const lists: number[][] = Array.from({ length: parts }, () => []);
  for (const block of problem.topological) {
    lists[part[block] ?? 0]?.push(block);
  }
  return lists;
}
