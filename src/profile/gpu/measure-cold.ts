/**
 * The time that operators take when their weights are not in the cache, as in a model whose weights do not fit it.
 *
 * A sample is a graph of copies that each read weights of their own, behind a flush of the L2 cache. What the graph
 * takes to start is that of as many kernels that do nothing, less their own time.
 */
import { present } from "../../core/invariant.js";
import { ok, type Result } from "../../core/result.js";
import type { DeviceSession } from "../../runtime/cuda/session/device-session.js";
import type { Timing } from "../profile.js";
import { timingOf } from "../timing.js";

/** Copies in a graph, each with weights of its own. */
const COPIES = 5;
const ROUNDS = 11;

/** Less is read so fast, from wherever, that it does not show. */
const LEAST_BYTES = 32 << 10;

/** Most memory for copies of weights. */
const MOST_SCRATCH = 2 ** 30;

/** The memory for copies of the largest of these constants, as far as there may be so much. Units: bytes. */
export function scratchFor(constants: Iterable<{ readonly bytes: number }>): number {
  const largest = Math.max(0, ...Array.from(constants, ({ bytes }) => bytes));
  // Room for a bias beside each, and for alignment.
  return largest < LEAST_BYTES ? 0 : Math.min(MOST_SCRATCH, Math.ceil(COPIES * largest * 1.125));
}

/**
 * Measures nodes with cold weights.
 *
 * Returns a time by node, of those that have weights worth it and room for copies. `chainNs` is what a kernel that
 * does nothing takes in a chain. Fails: what the helper refuses. Cost: some milliseconds a node.
 */
export async function measureCold(
  session: Pick<DeviceSession, "nothings" | "rotate" | "launch" | "measure">,
  wanted: readonly number[],
  chainNs: number,
): Promise<Result<ReadonlyMap<number, Timing>>> {
  const rotated = await session.rotate(wanted, { copies: COPIES, leastBytes: LEAST_BYTES });
  if (!rotated.ok) {
    return rotated;
  }
  const times = new Map<number, Timing>();
  for (const { node, copies, fills } of rotated.value) {
    // All share the same memory: its own weights are put there just before.
    const filled = await session.launch(fills);
    if (!filled.ok) {
      return filled;
    }
    const nothings = session.nothings.slice(0, copies.length);
    const schedules = [copies, nothings].map((nodes) => ({
      launches: nodes.map((each) => ({ node: each })),
    }));
    const samples = await session.measure({
      schedules,
      rounds: ROUNDS,
      warmupMs: 0,
      flushL2: true,
    });
    if (!samples.ok) {
      return samples;
    }
    const [own = [], empty = []] = samples.value;
    const startNs = Math.max(0, 1000 * medianOf(empty) - copies.length * chainNs);
    times.set(node, timingOf(own.map((us) => Math.max(1, (1000 * us - startNs) / copies.length))));
  }
  return ok(times);
}

function medianOf(samplesUs: readonly number[]): number {
  return timingOf(present(samplesUs, "samples").map((us) => 1000 * us)).medianNs / 1000;
}
