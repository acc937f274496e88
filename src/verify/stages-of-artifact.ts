/**
 * The stages of a pipeline artifact, checked against the model itself: every operator in exactly one
 * block, data going in one direction, every block waiting for what it reads, and the `stages`
 * section saying what the blocks do.
 */
import type { ScheduleArtifact } from "../artifact/artifact.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { StagePartition } from "../partition/stage-partition.js";
import type { Placement } from "../placement/placement.js";
import { assignOperators } from "../staging/assign-operators.js";
import { scheduleBroken } from "./failures.js";
import { stageHandOverProblems } from "./hand-over-problems.js";
import type { ModelLoader } from "./load-model-of-artifact.js";
import { stageProblem } from "./stage-problem.js";
import { storedAs } from "./stored-as.js";

/** The stages of an artifact, and the model they are of. */
export interface StagesOfArtifact {
  readonly lowered: LoweredModel;
  readonly partition: StagePartition;
  /** The block of each stage: position in `Placement.blocks`. */
  readonly blockOf: readonly number[];
}

/** Whether an artifact's blocks are stages of a model. */
export function hasStages(placement: Placement): boolean {
  return placement.blocks.some(({ operators }) => operators.length > 0);
}

/**
 * Reads and checks the stages.
 *
 * Fails: `schedule-broken`, those of `assignOperators`, and as `load` does.
 */
export async function stagesOfArtifact(
  file: string,
  artifact: ScheduleArtifact,
  placement: Placement,
  load: ModelLoader,
): Promise<Result<StagesOfArtifact>> {
  const lowered = await load(artifact);
  if (!lowered.ok) {
    return lowered;
  }
  const named = placement.blocks.flatMap(({ operators }, at) => (operators.length > 0 ? [at] : []));
  const blocks = named.map((at) => present(placement.blocks[at], "block"));
  const assigned = assignOperators(
    lowered.value.graph,
    blocks.map(({ id, devices, operators }) => ({ id, devices, operators, efficiency: undefined })),
    `${file} at /pipeline/placement`,
  );
  if (!assigned.ok) {
    return assigned;
  }
  const { partition } = assigned.value;
  const blockOf = assigned.value.blockOf.map((at) => named[at] ?? 0);
  const found = { lowered: lowered.value, partition, blockOf };
  const problem =
    dependencyProblem(found, placement) ??
    handedOver(found, artifact) ??
    stageProblem({ ...found, lowered: storedAs(artifact, lowered.value) }, placement, artifact);
  return problem === undefined ? ok(found) : fail([scheduleBroken(file, problem)]);
}

/** A value that no thread of a CPU can hand over, if the stages are for one. */
function handedOver(
  { lowered, partition }: StagesOfArtifact,
  { stages, provenance }: ScheduleArtifact,
): string | undefined {
  return stages !== undefined && provenance.options["device"] === "cpu"
    ? stageHandOverProblems(lowered, partition)[0]
    : undefined;
}

/** A stage that does not wait for what it reads. */
function dependencyProblem(
  { lowered, partition, blockOf }: StagesOfArtifact,
  placement: Placement,
): string | undefined {
  const waitsFor = reachable(placement);
  for (const { id, name, successors } of lowered.graph.operators) {
    const from = partition.stageOf[id]!;
    for (const successor of successors) {
      const to = partition.stageOf[successor]!;
      const [a, b] = [blockOf[from] ?? 0, blockOf[to] ?? 0];
      if (from !== to && !waitsFor(b).has(a)) {
        const reader = lowered.graph.operators[successor]?.name ?? "";
        const [sender, waiting] = [placement.blocks[a]?.id ?? "", placement.blocks[b]?.id ?? ""];
        return `block "${waiting}" does not wait for block "${sender}", but its "${reader}" reads what "${name}" writes`;
      }
    }
  }
  return undefined;
}

/** For each block the blocks that are done before it starts. */
function reachable({ blocks, dependencies }: Placement): (block: number) => ReadonlySet<number> {
  const before: number[][] = blocks.map(() => []);
  for (const { from, to } of dependencies) {
    before[to]?.push(from);
  }
  const known = new Map<number, ReadonlySet<number>>();
  return (block) => {
    const found = known.get(block) ?? new Set<number>();
    if (!known.has(block)) {
      const open = [...(before[block] ?? [])];
      const seen = new Set<number>();
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        if (!seen.has(at)) {
          seen.add(at);
          open.push(...(before[at] ?? []));
        }
      }
      known.set(block, seen);
      return seen;
    }
    return found;
  };
}
