/** The graphs of schedules: of a model, or of what the schedule itself says of order. */
import type { OperatorsSection } from "../../artifact/artifact.js";
import type { ArtifactStage } from "../../artifact/stages-section.js";
import { formatCell } from "../../core/format.js";
import type { OperatorGraph } from "../../ir/operator-graph.js";
import type { Placement } from "../../placement/placement.js";
import { type DrawnGraph, drawnNodes, type NamedNode } from "./drawn-graph.js";

/** The launches: each after the one before on its stream, and after what it waits for. */
export function launchGraph({ launches, streams }: OperatorsSection): DrawnGraph {
  const positions = new Map(launches.map(({ operator }, at) => [operator, at]));
  const last = new Map<number, number>();
  const nodes = launches.map(({ operator, stream, waits }, at): NamedNode => {
    const previous = last.get(stream);
    last.set(stream, at);
    const waited = waits.flatMap((name) => positions.get(name) ?? []);
    const before = previous === undefined ? waited : [previous, ...waited];
    return { name: formatCell(operator), color: stream, before };
  });
  return {
    nodes: drawnNodes(nodes),
    colors: streamNames(streams),
    caption: "An edge is an order that the schedule keeps: of a stream, or a wait between two.",
  };
}

/** The model with the stream of each operator; `undefined` if it has operators that the section does not. */
export function modelGraphByStream(
  graph: OperatorGraph,
  { launches, streams, merges = [] }: OperatorsSection,
): DrawnGraph | undefined {
  const streamOf = new Map(launches.map(({ operator, stream }) => [operator, stream]));
  for (const { operators } of merges) {
    const stream = streamOf.get(operators[0] ?? "");
    for (const operator of stream === undefined ? [] : operators) {
      streamOf.set(operator, stream!);
    }
  }
  return modelGraph(graph, streamOf, streamNames(streams));
}

/** The model with the stage of each operator; `undefined` if it has operators that are in none. */
export function modelGraphByStage(
  graph: OperatorGraph,
  stages: readonly ArtifactStage[],
): DrawnGraph | undefined {
  const stageOf = new Map(
    stages.flatMap(({ operators }, at) => operators.map((name) => [name, at])),
  );
  return modelGraph(
    graph,
    stageOf,
    stages.map(({ id }) => formatCell(id)),
  );
}

function modelGraph(
  { operators }: OperatorGraph,
  colorOf: ReadonlyMap<string, number>,
  colors: readonly string[],
): DrawnGraph | undefined {
  const nodes = operators.flatMap(({ name, predecessors }): NamedNode[] => {
    const color = colorOf.get(name);
    return color === undefined ? [] : [{ name: formatCell(name), color, before: predecessors }];
  });
  return nodes.length === operators.length
    ? { nodes: drawnNodes(nodes), colors, caption: "The operators of the model; an edge is data." }
    : undefined;
}

/** The blocks of a placement by the first of their devices. */
export function blockGraph({ blocks, dependencies, devices }: Placement): DrawnGraph {
  const before: number[][] = blocks.map(() => []);
  for (const { from, to } of dependencies) {
    before[to]?.push(from);
  }
  const nodes = blocks.map(
    ({ id, devices: [device = 0] }, at): NamedNode => ({
      name: formatCell(id),
      color: device,
      before: before[at] ?? [],
    }),
  );
  return {
    nodes: drawnNodes(nodes),
    colors: devices.map(({ name }) => formatCell(name)),
    caption: "The blocks of one micro-batch; an edge is a dependency.",
  };
}

function streamNames(streams: number): readonly string[] {
  return Array.from({ length: streams }, (_, stream) => `stream ${stream}`);
}
