/**
 * A rival of the trained agents: the same launcher, of whose networks only the part that is linear in what they see
 * is searched, by drawing weights, trying them, and drawing again near the best.
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
  const weights = weightsOf(start.hidden);
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
    const ranked = drawn
      .map((values) => ({ values, cost: roundCostOf(launcherWith(start, weights, values)) }))
      .sort((a, b) => a.cost - b.cost);
    const elite = ranked.slice(0, ELITE).map(({ values }) => values);
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

/** Of both networks the weights from features to answers, and what is added to answers. */
function weightsOf(hidden: number): readonly Weight[] {
  return (["launcher", "scheduler"] as const).flatMap((agent) => {
    const { features, outputs } = AGENTS[agent];
    const count = parameterCount(agentShape(agent, hidden));
    const read = count - (features + hidden + 1) * outputs;
    return [
      ...Array.from({ length: features * outputs }, (_, i) => ({ agent, at: read + i })),
      ...Array.from({ length: outputs }, (_, i) => ({ agent, at: count - outputs + i })),
    ];
  });
}

function launcherWith(
  start: LearnedLauncher,
  weights: readonly Weight[],
  values: Float64Array,
): LearnedLauncher {
  const parameters = { launcher: start.launcher.slice(), scheduler: start.scheduler.slice() };
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
