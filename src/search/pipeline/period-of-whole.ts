/**
 * The period in a whole schedule of many micro-batches that is shortened.
 *
 * What repeats is cut to many micro-batches, and everything moves to the right and to the left as in any whole schedule
 * (`makespan/shorten-schedule.ts`). Micro-batches then close up in groups of their own, however many that takes, where orders
 * that are searched have so many per period from the outset. What repeats in between may take less for each; then the
 * same is tried with that, until nothing gets better.
 *
 * Example: zero-bubble chain on eight devices, all blocks of 1, memory 5: one per period takes 4, and 64 micro-batches of it
 * close up to 18 for five, 3.6 for each.
 */
import type { Placement } from "../../placement/placement.js";
import type { PeriodicSchedule } from "../../schedule/pipeline-schedule.js";
import { steadyStateOf } from "../../schedule/steady-state.js";
import { completeSchedule } from "./complete-schedule.js";
import { type FoundPeriod, foundOf, isFaster, periodicOf } from "./found-period.js";
import { Shortening } from "./makespan/shorten-schedule.js";
import { returnsMemory } from "./memory-needs.js";
import { moduloProblem } from "./modulo/modulo-problem.js";
import type { WorkLimit } from "./work-limit.js";

/** Micro-batches at most, and block instances. */
const MOST_MICRO_BATCHES = 96;
const MOST_INSTANCES = 4096;
/** With fewer, ends are all that gets shorter. */
const LEAST_MICRO_BATCHES = 24;
/** Putting so many blocks into gaps takes as long as a node. */
const PLACED_PER_NODE = 10;
/** Looking for what repeats takes as long as putting every block so many times. */
const LOOKS = 4;

/** A shorter period than `known`, by as much work as there is; `undefined`: none was found. Deterministic. */
export function periodOfWhole(
  placement: Placement,
  known: FoundPeriod,
  work: WorkLimit,
  seed: number,
): FoundPeriod | undefined {
  if (!isShortened(placement)) {
    return undefined;
  }
  let best: FoundPeriod | undefined;
  while (!work.isSpent()) {
    const repeating = shortened(placement, periodicOf(best ?? known), work, seed);
    const found = repeating && foundOf(placement, repeating);
    if (!isFaster(found, best ?? known)) {
      break;
    }
    best = found;
  }
  return best;
}

/** Whether enough micro-batches of it are few enough block instances, and leave nothing behind. */
function isShortened(placement: Placement): boolean {
  const problem = moduloProblem(placement, 1);
  return (
    microBatchesOf(placement) >= LEAST_MICRO_BATCHES &&
    placement.devices.every((_, device) => returnsMemory(problem, device))
  );
}

function microBatchesOf({ blocks }: Placement): number {
  return Math.min(MOST_MICRO_BATCHES, Math.floor(MOST_INSTANCES / blocks.length));
}

/** What repeats once the whole is shortened with half of the work that is left. */
function shortened(
  placement: Placement,
  known: PeriodicSchedule,
  work: WorkLimit,
  seed: number,
): PeriodicSchedule | undefined {
  const whole = completeSchedule(placement, known, microBatchesOf(placement));
  if (whole === undefined) {
    return undefined;
  }
  const run = new Shortening(placement, whole, seed);
  const most = (work.left() / 2) * PLACED_PER_NODE;
  do {
    run.round();
  } while (!run.isShortest && run.nodes < most && !work.isStopped());
  work.spend(Math.ceil((run.nodes + LOOKS * whole.instances.length) / PLACED_PER_NODE));
  return steadyStateOf(placement, run.schedule());
}
