/**
 * A rival of the trained agents: the same launcher, of whose networks only the part that is linear in what they see
 * is searched, by drawing weights, trying them, and drawing again near the best. The hidden layer hands the mean of what
 * is seen of the other models through, so that answers are linear in that too.
 *
 * Source: the cross-entropy method, Rubinstein 1999, with the noise of Szita and Lorincz, Neural Computation 2006.
 */
import { seededRandom } from "../../core/random.js";
import { roundParameters } from "../../learn/fixed-point.js";
import { parameterCount } from "../../learn/graph-network.js";
import type { LearnedLauncher } from "../../schedule/serving/adaptive-launcher.js";
import { AGENTS, type AgentName, agentShape } from "../../schedule/serving/learned-policy.js";
import type { ServingJob } from "../serving-job.js";
import { nearlyNormal } from "./noise.js";
import type { CurvePoint, Trained, TrainingOptions } from "./training.js";
import { trialCosts } from "./trial-cost.js";

/** Launchers of a round, and how many of them the next is drawn near. */
const DRAWN = 24;
const ELITE = 6;
/** Deviation of the first draws, and least and most of what is added to it later, over the rounds. */
const FIRST_SPREAD = 0.2;
const ADDED = 0.05;
/** Share of the old mean and deviation that stays. */
const KEPT = 0.3;

/** The sample of the first round, among those for trials. */
const FIRST_ROUND = 1000;

/** A searched weight: the agent, and its place among the agent's parameters. */
interface Weight {
  readonly agent: AgentName;
  readonly at: number;
}

/**
 * Searches from a launcher that does what its starting policy does; `steps` is the number of launchers tried.
 *
 * The same inputs give the same launcher on every machine. Cost: a simulation for each step.
 */
export function searchByCrossEntropy(
  job: ServingJob,
  start: LearnedLauncher,
  { seed, steps, onTrial }: TrainingOptions,
): Trained {
  const random = seededRandom(seed).fork(3);
  const weights = weightsOf(start.hidden, start.models.length > 1);
  let mean = new Float64Array(weights.length);
  let spread = new Float64Array(weights.length).fill(FIRST_SPREAD);
  const rounds = Math.max(1, Math.floor(steps / DRAWN));
  const costOf = trialCosts(job, seed);
  const untrained = { step: 0, cost: costOf(start) };
  onTrial?.(untrained);
  const curve: CurvePoint[] = [untrained];
  let best = { launcher: start, cost: untrained.cost };
  for (let round = 0; round < rounds; round++) {
    const drawn = Array.from({ length: DRAWN }, (_, draw) =>
      draw === 0 ? mean : mean.map((each, i) => each + spread[i]! * nearlyNormal(random)),
    );
    const roundCostOf = trialCosts(job, seed, { from: FIRST_ROUND + round, count: 1 });
    const elite = bestOf(drawn, (values, atMost) =>
      roundCostOf(launcherWith(start, weights, values), atMost),
    );
    const added = ADDED * (1 - round / rounds);
    mean = mean.map((old, i) => KEPT * old + (1 - KEPT) * meanOf(elite, i));
    spread = spread.map((old, i) => KEPT * old + (1 - KEPT) * (deviationOf(elite, i) + added));
    for (const values of [elite[0]!, mean]) {
      const launcher = launcherWith(start, weights, values);
      const cost = costOf(launcher, best.cost);
      best = cost < best.cost ? { launcher, cost } : best;
    }
    const point = { step: (round + 1) * DRAWN, cost: best.cost };
    onTrial?.(point);
    curve.push(point);
  }
  return { launcher: best.launcher, curve };
}

/** The `ELITE` that cost least, the best first. */
function bestOf(
  drawn: readonly Float64Array[],
  costOf: (values: Float64Array, atMost: number) => number,
): readonly Float64Array[] {
  const best: { readonly values: Float64Array; readonly cost: number }[] = [];
  for (const values of drawn) {
    const cost = costOf(values, best[ELITE - 1]?.cost ?? Number.POSITIVE_INFINITY);
    if (cost < Number.POSITIVE_INFINITY) {
      best.push({ values, cost });
      best.sort((a, b) => a.cost - b.cost);
      best.splice(ELITE);
    }
  }
  return best.map(({ values }) => values);
}

/**
 * Of both networks the weights from features to answers, from what the hidden layer hands through, and what is added to
 * answers.
 */
function weightsOf(hidden: number, hasOthers: boolean): readonly Weight[] {
  return (["launcher", "scheduler"] as const).flatMap((agent) => {
    const { features, outputs } = AGENTS[agent];
    const count = parameterCount(agentShape(agent, hidden));
    const read = count - (features + hidden + 1) * outputs;
    const rows = (hasOthers ? 2 : 1) * features;
    return [
      ...Array.from({ length: rows * outputs }, (_, i) => ({ agent, at: read + i })),
      ...Array.from({ length: outputs }, (_, i) => ({ agent, at: count - outputs + i })),
    ];
  });
}

/** Parameters with which the hidden layer hands the means of the other models' features through. */
function handingThrough(start: LearnedLauncher, agent: AgentName): Float64Array {
  const { features } = AGENTS[agent];
  const { hidden } = start;
  const parameters = start[agent].slice();
  for (let i = 0; i < features; i++) {
    parameters[(features + i) * hidden + i] = 1;
  }
  return parameters;
}

function launcherWith(
  start: LearnedLauncher,
  weights: readonly Weight[],
  values: Float64Array,
): LearnedLauncher {
  const parameters = {
    launcher: handingThrough(start, "launcher"),
    scheduler: handingThrough(start, "scheduler"),
  };
  for (const [i, { agent, at }] of weights.entries()) {
    parameters[agent][at] = values[i]!;
  }
  return {
    ...start,
    launcher: roundParameters(parameters.launcher),
    scheduler: roundParameters(parameters.scheduler),
  };
}

function meanOf(rows: readonly Float64Array[], column: number): number {
  return rows.reduce((sum, row) => sum + row[column]!, 0) / rows.length;
}

function deviationOf(rows: readonly Float64Array[], column: number): number {
  const mean = meanOf(rows, column);
  return Math.sqrt(rows.reduce((sum, row) => sum + (row[column]! - mean) ** 2, 0) / rows.length);
}
