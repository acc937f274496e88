/**
 * An independent check of the stages of a pipeline: that they are what the placement says, by rules that leave one way
 * to say it. It shares no code with what finds the stages.
 */
import type { ArtifactPipelineStage } from "../artifact/pipeline-section.js";
import { brokenChecks, type Check } from "../core/checks.js";
import type { BlockKind, Placement } from "../placement/placement.js";

/** A stage of a section with the positions of its blocks; -1 for a name that is unknown, or of another kind. */
interface NamedStage {
  readonly said: ArtifactPipelineStage;
  readonly place: string;
  readonly forward: number;
  readonly backward: number | undefined;
  readonly weight: number | undefined;
}

/**
 * Contradictions between stages and their placement, in words that begin with the place.
 *
 * Every forward, backward and weight block is in one stage, as what it is; the blocks of a stage are on the same devices. A
 * backward waits for the backwards of just those stages that its own sends to (of stages without one, of those behind
 * them); without any of those its forward leads to it. A weight block waits for the backward of its stage alone. The
 * numbers go from chain to chain, and in a chain a stage comes as early as the stages that it waits for and those with
 * earlier blocks let it.
 *
 * Cost: O(stages^2 + dependencies) at worst.
 */
export function pipelineStageProblems(
  stages: readonly ArtifactPipelineStage[] | undefined,
  placement: Placement,
): readonly string[] {
  if (stages === undefined) {
    return [];
  }
  const named = namedStages(stages, placement);
  const unknown = blockProblems(named, placement);
  return unknown.length > 0
    ? unknown
    : [...pairProblems(named, placement), ...numberProblems(named, placement)];
}

function namedStages(
  stages: readonly ArtifactPipelineStage[],
  { blocks }: Placement,
): readonly NamedStage[] {
  const positions = new Map(blocks.map(({ id, kind }, at) => [`${kind} ${id}`, at]));
  return stages.map((said, at) => {
    const find = (kind: BlockKind, id: string | undefined): number | undefined =>
      id === undefined ? undefined : (positions.get(`${kind} ${id}`) ?? -1);
    return {
      said,
      place: `/pipeline/stages/${at}`,
      forward: find("forward", said.forward) ?? -1,
      backward: find("backward", said.backward),
      weight: find("weight", said.weight),
    };
  });
}

/** Blocks that are unknown, of several stages or of none, or on other devices than their stage says. */
function blockProblems(
  stages: readonly NamedStage[],
  { blocks, devices }: Placement,
): readonly string[] {
  const problems: string[] = [];
  const used = new Set<number>();
  for (const { said, place, ...own } of stages) {
    for (const kind of ["forward", "backward", "weight"] as const) {
      const block = own[kind];
      if (block === undefined) {
        continue;
      }
      const names = blocks[block]?.devices.map((device) => devices[device]?.name);
      problems.push(
        ...brokenChecks([
          [block === -1, `${place}/${kind} is no ${kind} block of the placement`],
          [used.has(block), `${place}/${kind} is a block of another stage`],
          [
            block !== -1 && names?.join("\n") !== said.devices.join("\n"),
            `${place}/devices are not those of its ${kind} block`,
          ],
        ]),
      );
      used.add(block);
    }
  }
  for (const [at, { id, kind }] of blocks.entries()) {
    if (kind !== "other" && !used.has(at)) {
      problems.push(`/pipeline/stages have no stage for the ${kind} block "${id}"`);
    }
  }
  return problems;
}

/** Backward and weight blocks of other stages than the placement has them for. */
function pairProblems(stages: readonly NamedStage[], placement: Placement): readonly string[] {
  const sources = placement.blocks.map(() => new Set<number>());
  for (const { from, to } of placement.dependencies) {
    sources[to]?.add(from);
  }
  const stageOf = new Map(stages.map(({ forward }, at) => [forward, at]));
  /** By stage: the backwards that what sends to it has to wait for. */
  const gates: ReadonlySet<number>[] = stages.map(() => new Set());
  const expected: Set<number>[] = stages.map(() => new Set());
  const problems: string[] = [];
  for (const [at, { place, forward, backward, weight }] of [...stages.entries()].reverse()) {
    const wanted = expected[at] ?? new Set();
    gates[at] = backward === undefined ? wanted : new Set([backward]);
    for (const source of nearest(placement, sources, forward, "forward")) {
      const before = expected[stageOf.get(source) ?? -1];
      for (const gate of gates[at] ?? []) {
        before?.add(gate);
      }
    }
    const ofBackward = nearest(placement, sources, backward, "backward");
    const isLed = nearest(placement, sources, backward, "forward").has(forward);
    const ofWeight = nearest(placement, sources, weight, "backward");
    const checks: readonly Check[] = [
      [
        backward !== undefined && !(isSame(ofBackward, wanted) && (wanted.size > 0 || isLed)),
        `${place}/backward does not wait for the backwards of the stages that its forward sends to`,
      ],
      [
        weight !== undefined && !(ofWeight.size === 1 && ofWeight.has(backward ?? -1)),
        `${place}/weight does not wait for the backward of its stage alone`,
      ],
    ];
    problems.push(...brokenChecks(checks));
  }
  return problems;
}

/** The blocks of a kind that a block waits for, directly or through blocks of kind `other`. */
function nearest(
  { blocks }: Placement,
  sources: readonly ReadonlySet<number>[],
  block: number | undefined,
  kind: BlockKind,
): ReadonlySet<number> {
  const found = new Set<number>();
  const passed = new Set<number>(block === undefined ? [] : [block]);
  for (const at of passed) {
    for (const source of sources[at] ?? []) {
      const own = blocks[source]?.kind;
      if (own === kind) {
        found.add(source);
      } else if (own === "other") {
        passed.add(source);
      }
    }
  }
  return found;
}

function isSame(one: ReadonlySet<number>, other: ReadonlySet<number>): boolean {
  return one.size === other.size && [...one].every((each) => other.has(each));
}

/** Numbers, chains and chunks that do not follow from the order of the stages. */
function numberProblems(stages: readonly NamedStage[], placement: Placement): readonly string[] {
  const sources = placement.blocks.map(() => new Set<number>());
  for (const { from, to } of placement.dependencies) {
    sources[to]?.add(from);
  }
  const stageOf = new Map(stages.map(({ forward }, at) => [forward, at]));
  const waits = stages.map(({ forward }) =>
    [...nearest(placement, sources, forward, "forward")].map((each) => stageOf.get(each) ?? -1),
  );
  const chains = chainNumbers(waits, stages);
  return stages.flatMap(({ said, place, forward }, at) => {
    const behind = Math.max(-1, ...(waits[at] ?? []));
    const own = stages.findIndex(({ said: { chain } }) => chain === said.chain);
    const earlier = stages.slice(Math.max(own, behind + 1), at);
    const before = stages.slice(0, at);
    const first = said.devices[0] ?? "";
    const chunk = before.filter(({ said: { devices } }) => devices.includes(first)).length;
    return brokenChecks([
      [said.stage !== at, `${place}/stage is ${said.stage}`],
      [said.chain !== chains[at], `${place}/chain is ${said.chain}, not ${chains[at]}`],
      [said.chunk !== chunk, `${place}/chunk is ${said.chunk}, not ${chunk}`],
      [
        behind >= at ||
          (chains[at - 1] ?? 0) > (chains[at] ?? 0) ||
          earlier.some((other) => other.forward > forward),
        `${place} is not where its number should be`,
      ],
    ]);
  });
}

/** By stage: the chain that it is of, counted by their first forward blocks. */
function chainNumbers(
  waits: readonly (readonly number[])[],
  stages: readonly NamedStage[],
): readonly number[] {
  const firsts = stages.map(({ forward }) => forward);
  // The first forward block of a chain spreads along its dependencies, to and fro, until nothing changes.
  for (let isChanged = true; isChanged; ) {
    isChanged = false;
    for (const order of [[...waits.keys()], [...waits.keys()].reverse()]) {
      for (const at of order) {
        const group = [at, ...(waits[at] ?? [])];
        const least = Math.min(...group.map((each) => firsts[each] ?? 0));
        for (const each of group) {
          isChanged ||= firsts[each] !== least;
          firsts[each] = least;
        }
      }
    }
  }
  const order = [...new Set(firsts)].sort((a, b) => a - b);
  return firsts.map((first) => order.indexOf(first));
}
