/**
 * The least time per micro-batch of a small pipeline, over all numbers of micro-batches per period at once.
 *
 * A schedule that repeats is a cycle of configurations (`configuration-graph.ts`). The cycle with the most
 * micro-batches per time is found exactly, as a fraction, by the iteration of `maxCycleRatio`; its walk is the schedule.
 *
 * Example: M-shape on three devices with memory 3: 85 steps for 14 micro-batches are 6.07 for each, where three per
 * period take 6.33.
 */
import type { Placement } from "../../../placement/placement.js";
import { MOST_CHOICES } from "../../../schedule/check-configurations.js";
import { maxCycleRatio } from "../../../schedule/max-cycle-ratio.js";
import { type FoundPeriod, isFaster } from "../found-period.js";
import { moduloProblem } from "../modulo/modulo-problem.js";
import {
  type ConfigurationGraph,
  configurationGraph,
  hasConfigurations,
  runsAhead,
} from "./configuration-graph.js";

/** What is known of all schedules. */
export interface ConfigurationResult {
  /** The best schedule that was found; `undefined`: none. */
  readonly found: FoundPeriod | undefined;
  /** Whether no schedule, repeating or not, takes less time per micro-batch than `found`. */
  readonly isLeast: boolean;
  /** Choices that were looked at. */
  readonly choices: number;
}

/** Of the choices, the part that may go into the graph of all configurations. */
const WHOLE = 0.5;

/** How far blocks may be apart where there are too many configurations; one after the other. */
const APART = [4, 8, 16, 32];

/** Schedules with more block instances per period are left out. */
const MOST_INSTANCES = 2000;

/**
 * The best schedule that is found in `choices` choices: of all configurations, or where these are too many of those
 * in which blocks are not far apart, further and further.
 *
 * Deterministic. Cost: some microseconds for each choice.
 */
export function searchConfigurations(placement: Placement, choices: number): ConfigurationResult {
  if (!hasConfigurations(placement)) {
    return { found: undefined, isLeast: false, choices: 0 };
  }
  const most = runsAhead(placement) ? 0 : Math.min(choices * WHOLE, MOST_CHOICES);
  const whole = within(placement, most, Number.POSITIVE_INFINITY);
  let [spent, best] = [whole.choices, whole.found];
  if (whole.isLeast) {
    return whole;
  }
  for (const apart of APART) {
    const next = within(placement, choices - spent, apart);
    spent += next.choices;
    best = isFaster(next.found, best) ? next.found : best;
    if (next.found === undefined) {
      break;
    }
  }
  return { found: best, isLeast: false, choices: spent };
}

function within(placement: Placement, most: number, apart: number): ConfigurationResult {
  const { graph, unit, isWhole, choices } = configurationGraph(placement, { choices: most, apart });
  if (graph === undefined) {
    return { found: undefined, isLeast: false, choices };
  }
  const { edges } = maxCycleRatio(
    {
      entries: Array.from({ length: graph.count }, () => NOTHING),
      first: graph.first,
      from: graph.from,
      distance: graph.time,
      latency: graph.begun,
      isDependency: new Uint8Array(graph.from.length),
    },
    new Float64Array(graph.count),
  );
  const copies = edges.reduce((sum, edge) => sum + graph.begun[edge]!, 0);
  const isUsable = copies > 0 && copies * placement.blocks.length <= MOST_INSTANCES;
  const found = isUsable ? scheduleOf(placement, graph, { edges, copies, unit }) : undefined;
  return { found, isLeast: isWhole && isUsable && choices <= MOST_CHOICES, choices };
}

const NOTHING = { block: 0, residue: 0, offset: 0, shift: 0 };

interface Walk {
  readonly edges: readonly number[];
  readonly copies: number;
  readonly unit: number;
}

/** The times of a walk around a cycle. */
function scheduleOf(
  placement: Placement,
  graph: ConfigurationGraph,
  { edges, copies, unit }: Walk,
): FoundPeriod {
  const blocks = placement.blocks.length;
  const begins: { readonly block: number; readonly number: number; readonly time: number }[] = [];
  let [time, base, last] = [0, 0, 0];
  for (const edge of edges) {
    const configuration = graph.from[edge]!;
    for (let block = 0; block < blocks; block++) {
      if ((graph.starts[edge]! & (1 << block)) !== 0) {
        const number = base + graph.ahead[configuration * blocks + block]!;
        begins.push({ block, number, time });
        last = Math.max(last, number);
      }
    }
    time += graph.time[edge]!;
    base += graph.begun[edge]!;
  }
  // Numbers so that no block is ahead of the period in which its micro-batch enters.
  const origin = Math.max(0, last - copies + 1);
  const period = time * unit;
  const times = new Float64Array(copies * blocks);
  for (const { block, number, time: at } of begins) {
    const turn = Math.floor((number - origin) / copies);
    const copy = number - origin - turn * copies;
    times[copy * blocks + block] = at * unit - turn * period;
  }
  return { problem: moduloProblem(placement, copies), copies, period, times };
}
