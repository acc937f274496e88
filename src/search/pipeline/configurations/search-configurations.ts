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
import { maxCycleRatio, type Ratio, reduced } from "../../../schedule/max-cycle-ratio.js";
import { type FoundPeriod, isFaster } from "../found-period.js";
import { moduloProblem } from "../modulo/modulo-problem.js";
import {
  type ConfigurationGraph,
  configurationGraph,
  hasConfigurations,
  runsAhead,
} from "./configuration-graph.js";
import { leastOfParts } from "./least-of-parts.js";

/** A bound, and what a micro-batch of each part counts in its proof where there are several. */
export interface LeastEach {
  readonly each: Ratio;
  readonly weights?: readonly number[];
}

/** What is known of all schedules. */
export interface ConfigurationResult {
  /** The best schedule that was found; `undefined`: none. */
  readonly found: FoundPeriod | undefined;
  /** Whether no schedule, repeating or not, takes less time per micro-batch than `found`. */
  readonly isLeast: boolean;
  /** No schedule takes less time per micro-batch than this; `undefined`: not proved. */
  readonly least: LeastEach | undefined;
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
    return { ...NONE, choices: 0 };
  }
  const most = runsAhead(placement) ? 0 : Math.min(choices * WHOLE, MOST_CHOICES);
  const whole = within(placement, most, Number.POSITIVE_INFINITY);
  let [spent, best] = [whole.choices, whole.found];
  if (whole.isLeast || whole.least !== undefined) {
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
  return { ...NONE, found: best, choices: spent };
}

/** The same of all configurations or of none: for a bound alone. */
export function leastOfConfigurations(placement: Placement, choices: number): ConfigurationResult {
  return hasConfigurations(placement) && !runsAhead(placement)
    ? within(placement, Math.min(choices, MOST_CHOICES), Number.POSITIVE_INFINITY)
    : { ...NONE, choices: 0 };
}

function within(placement: Placement, most: number, apart: number): ConfigurationResult {
  const { graph, unit, isWhole, choices } = configurationGraph(placement, { choices: most, apart });
  if (graph === undefined) {
    return { ...NONE, choices };
  }
  const { edges, least } = graph.parts === 2 ? bestOfTwo(graph) : bestOfAll(graph);
  const copies = edges.reduce((sum, edge) => sum + graph.begun[edge * graph.parts]!, 0);
  const isUsable = copies > 0 && copies * placement.blocks.length <= MOST_INSTANCES;
  const found = isUsable ? scheduleOf(placement, graph, { edges, copies, unit }) : undefined;
  if (least === undefined || !isWhole || choices > MOST_CHOICES) {
    return { ...NONE, found, choices };
  }
  const { numerator, denominator } = least.each;
  const isLeast =
    found !== undefined && found.period * denominator === numerator * unit * found.copies;
  const each = reduced(numerator * unit, denominator);
  return { found, isLeast, least: { ...least, each }, choices };
}

const NONE = { found: undefined, isLeast: false, least: undefined };

/** A walk that repeats, and a bound in units of the graph. */
interface BestWalk {
  readonly edges: readonly number[];
  readonly least: LeastEach | undefined;
}

function bestOfTwo(graph: ConfigurationGraph): BestWalk {
  const answer = leastOfParts(graph);
  return answer === undefined
    ? { edges: [], least: undefined }
    : { edges: answer.edges ?? [], least: { each: answer.each, weights: answer.weights } };
}

function bestOfAll({ count, first, from, time, begun }: ConfigurationGraph): BestWalk {
  const { edges, ratio } = maxCycleRatio(
    {
      entries: Array.from({ length: count }, () => NOTHING),
      first,
      from,
      distance: time,
      latency: begun,
      isDependency: new Uint8Array(from.length),
    },
    new Float64Array(count),
  );
  const { numerator, denominator } = ratio;
  const least =
    numerator > 0 ? { each: { numerator: denominator, denominator: numerator } } : undefined;
  return { edges, least };
}

const NOTHING = { block: 0, residue: 0, offset: 0, shift: 0 };

interface Walk {
  readonly edges: readonly number[];
  readonly copies: number;
  readonly unit: number;
}

/** The times of a walk. */
function scheduleOf(
  placement: Placement,
  graph: ConfigurationGraph,
  { edges, copies, unit }: Walk,
): FoundPeriod {
  const blocks = placement.blocks.length;
  const { parts, partOf } = graph;
  const begins: { readonly block: number; readonly number: number; readonly time: number }[] = [];
  const base = new Array<number>(parts).fill(0);
  const last = new Array<number>(parts).fill(0);
  let time = 0;
  for (const edge of edges) {
    const configuration = graph.from[edge]!;
    for (let block = 0; block < blocks; block++) {
      if ((graph.starts[edge]! & (1 << block)) !== 0) {
        const part = partOf[block]!;
        const number = base[part]! + graph.ahead[configuration * blocks + block]!;
        begins.push({ block, number, time });
        last[part] = Math.max(last[part]!, number);
      }
    }
    time += graph.time[edge]!;
    for (let part = 0; part < parts; part++) {
      base[part]! += graph.begun[edge * parts + part]!;
    }
  }
  // Numbers so that no block is ahead of the period in which its micro-batch enters.
  const origin = last.map((number) => Math.max(0, number - copies + 1));
  const period = time * unit;
  const times = new Float64Array(copies * blocks);
  for (const { block, number, time: at } of begins) {
    const own = number - origin[partOf[block]!]!;
    const turn = Math.floor(own / copies);
    times[(own - turn * copies) * blocks + block] = at * unit - turn * period;
  }
  return { problem: moduloProblem(placement, copies), copies, period, times };
}
