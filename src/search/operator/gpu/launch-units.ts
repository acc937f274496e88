/**
 * A problem of launches: operators that launch nothing are part of the operator that computes them.
 *
 * Every algorithm searches the launches of a device, so a model's fused operators would be in its way: as
 * levels that hold nothing, as steps, as links of chains. An operator without kernels whose readers are all
 * part of one launch belongs to that launch: it is over when what it reads is there.
 *
 * Example: Conv and Relu as one launch, which the Relu has: the unit is both, and a schedule of units is one of the
 * operators, each unit's one after the other on its stream. The simulator gives both the same time.
 */
import { present } from "../../../core/invariant.js";
import { contractGraph } from "../../../ir/contract-graph.js";
import type { OperatorGraph } from "../../../ir/operator-graph.js";
import { type GpuProblem, gpuProblemOf } from "../../../schedule/gpu-problem.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { composeSchedule } from "../waits.js";

/** A problem of launches, and the way between its schedules and those of the operators. */
export interface LaunchUnits {
  readonly problem: GpuProblem;
  /** By operator: its unit. */
  readonly unitOf: Int32Array;
  /** A schedule of all operators from one of the units; it takes as long. */
  expand(schedule: OperatorSchedule): OperatorSchedule;
  /** A schedule of the units from one of all operators, with the streams and the order of what is launched. */
  contract(schedule: OperatorSchedule): OperatorSchedule;
}

/**
 * The launches of a problem; `undefined` if every operator is one.
 *
 * Ensures: the units' graph has no cycle, for a unit is left at its last operator alone. Cost: O((V + E) log V).
 */
export function launchUnits(problem: GpuProblem): LaunchUnits | undefined {
  const { graph, kernels, device, costs, work, includesGaps } = problem;
  const launcher = launchersOf(problem);
  if (launcher.every((id, at) => id === at)) {
    return undefined;
  }
  const { graph: units, unitOf } = contractGraph(graph, launcher);
  const members: number[][] = units.operators.map(() => []);
  unitOf.forEach((unit, id) => {
    members[unit]?.push(id);
  });
  const own = members.map((ids) => ids.flatMap((id) => kernels[id] ?? []));
  return {
    problem: {
      ...gpuProblemOf(units, own, device, costs.source, work.interference),
      ...(includesGaps === undefined ? {} : { includesGaps }),
    },
    unitOf,
    expand: (schedule) => expanded(graph, schedule, members),
    contract: (schedule) => contracted(units, schedule, { launcher, unitOf }),
  };
}

/** By operator: the one whose launch it is part of. */
function launchersOf({ graph, kernels }: GpuProblem): Int32Array {
  const launcher = Int32Array.from(graph.operators, (_, at) => at);
  for (let id = launcher.length - 1; id >= 0; id--) {
    const { outputs, successors } = present(graph.operators[id], "operator");
    const [first, ...others] = new Set(successors.map((next) => launcher[next]!));
    const isPart =
      kernels[id]?.length === 0 &&
      others.length === 0 &&
      !outputs.some((output) => graph.outputs.includes(output));
    launcher[id] = isPart ? (first ?? id) : id;
  }
  return launcher;
}

function expanded(
  graph: OperatorGraph,
  { algorithm, launches }: OperatorSchedule,
  members: readonly (readonly number[])[],
): OperatorSchedule {
  const streamOf = new Int32Array(graph.operators.length);
  const order = Int32Array.from(
    launches.flatMap(({ operator, stream }) => {
      const own = members[operator] ?? [];
      for (const id of own) {
        streamOf[id] = stream;
      }
      return own;
    }),
  );
  return composeSchedule(graph, algorithm, { order, streamOf });
}

function contracted(
  units: OperatorGraph,
  { algorithm, launches }: OperatorSchedule,
  { launcher, unitOf }: { readonly launcher: Int32Array; readonly unitOf: Int32Array },
): OperatorSchedule {
  const streamOf = new Int32Array(units.operators.length);
  const order = Int32Array.from(
    launches.flatMap(({ operator, stream }) => {
      const unit = unitOf[operator]!;
      if (launcher[operator] !== operator) {
        return [];
      }
      streamOf[unit] = stream;
      return [unit];
    }),
  );
  return composeSchedule(units, algorithm, { order, streamOf });
}
