/**
 * The order that a schedule imposes, as a graph for Graphviz.
 *
 * Of one device: launches in a box for each stream, dotted arrows from one to the next of its stream, solid ones for
 * waits. Of a pipeline: blocks in a box for each device, arrows for dependencies; blocks on several devices are
 * outside of the boxes.
 */
import type { OperatorsSection } from "../artifact/artifact.js";
import { escapeControls } from "../core/escape-controls.js";
import { formatNs } from "../core/format.js";
import { present } from "../core/invariant.js";
import { ok, type Result } from "../core/result.js";
import type { Block, BlockKind, Placement } from "../placement/placement.js";
import type { Exported, ExportSubject } from "./export-format.js";
import { linesWithin } from "./lines-within.js";

const MARK = /^\/\/ top-compile schedule\n/;

/** Colors of blocks, by kind. */
const FILL: Readonly<Record<BlockKind, string>> = {
  forward: "#a9c8ea",
  backward: "#f2c49b",
  weight: "#acd8bd",
  other: "#e4e4e4",
  transfer: "#f5f5f5",
};

/** The graph of a schedule. Fails: `export-too-large`. */
export function exportDot({ file, name, artifact, pipeline }: ExportSubject): Result<Exported> {
  const body =
    pipeline === undefined
      ? operatorLines(present(artifact.operators, "operators section"))
      : placementLines(pipeline.placement);
  const content = linesWithin(
    [
      "// top-compile schedule",
      "digraph schedule {",
      "  rankdir=LR;",
      '  node [shape=box, style=filled, fillcolor="#e4e4e4", fontname="sans-serif"];',
      ...body,
      "}",
    ],
    file,
    "dot",
  );
  return content.ok
    ? ok({ files: [{ name, content: content.value, mark: MARK }], notes: [] })
    : content;
}

function operatorLines({ launches }: OperatorsSection): readonly string[] {
  const streams = new Map<number, number[]>();
  launches.forEach(({ stream }, at) => {
    const members = streams.get(stream) ?? [];
    members.push(at);
    streams.set(stream, members);
  });
  const positions = new Map(launches.map(({ operator }, at) => [operator, at]));
  const sorted = [...streams].sort(([a], [b]) => a - b);
  return [
    ...sorted.flatMap(([stream, members]) => [
      ...cluster(
        stream,
        `stream ${stream}`,
        members.map((at) => `n${at} [label=${quoted(launches[at]?.operator ?? "")}];`),
      ),
      ...members.slice(1).map((at, i) => `  n${members[i]} -> n${at} [style=dotted];`),
    ]),
    ...launches.flatMap(({ waits }, at) =>
      waits.map((from) => `  n${positions.get(from)} -> n${at};`),
    ),
  ];
}

function placementLines(placement: Placement): readonly string[] {
  const { devices, blocks, dependencies, timeUnit } = placement;
  const time = timeUnit === "ns" ? formatNs : (steps: number): string => `${steps}`;
  const nodeOf = (block: Block, at: number): string =>
    `n${at} [label=${quoted(block.id, time(block.duration))}, fillcolor="${FILL[block.kind]}"];`;
  const nodes = blocks.map(nodeOf);
  const isSpread = ({ devices: on }: Block): boolean => on.length > 1;
  return [
    ...devices.flatMap(({ name }, device) =>
      cluster(
        device,
        name,
        nodes.filter((_, at) => {
          const block = present(blocks[at], "block");
          return !isSpread(block) && block.devices[0] === device;
        }),
      ),
    ),
    ...nodes.filter((_, at) => isSpread(present(blocks[at], "block"))).map((node) => `  ${node}`),
    ...dependencies.map(({ from, to, latency }) => {
      const label = latency === 0 ? "" : ` [label=${quoted(time(latency))}]`;
      return `  n${from} -> n${to}${label};`;
    }),
  ];
}

function cluster(id: number, label: string, nodes: readonly string[]): readonly string[] {
  return [
    `  subgraph cluster_${id} {`,
    `    label=${quoted(label)};`,
    ...nodes.map((node) => `    ${node}`),
    "  }",
  ];
}

/** Lines of text as one label: nothing in it has a meaning of its own. */
function quoted(...lines: readonly string[]): string {
  const texts = lines.map((line) =>
    escapeControls(line).replaceAll("\\", "\\\\").replaceAll('"', '\\"'),
  );
  return `"${texts.join("\\n")}"`;
}
