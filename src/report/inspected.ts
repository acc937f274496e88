import {
  counted,
  formatBytes,
  formatCell,
  formatCount,
  formatName,
  formatShare,
} from "../core/format.js";
import { textTable } from "../core/text-table.js";
import type { Inspection, ModelValue, WidthSummary } from "../onnx/inspect-model.js";
import { sizesByData } from "./sizes-by-data.js";

/** A model's summary for people: its operators, its width, and the distribution of its work. */
export function renderInspected(inspection: Inspection, columns: number): string {
  const rows = summaryOf(inspection);
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    "",
    textTable(
      ["operator type", "count", "FLOPs", "bytes"],
      inspection.types.map((type) => [
        formatCell(type.type),
        String(type.operators),
        formatCount(type.flops),
        formatBytes(type.bytes),
      ]),
      ["name", "right", "right", "right"],
      columns,
    ),
  ].join("\n");
}

/** The note on a size that the user did not give. */
const SOURCES = {
  option: "",
  default: " (default)",
  tried: " (tried: the default does not fit)",
} as const;

type Row = readonly [name: string, value: string];

function summaryOf(inspection: Inspection): readonly Row[] {
  const { nodes, criticalPath, unknownOperators, guessedLoops, boundDims, typeSources } =
    inspection;
  const opsets = inspection.opsets.map(({ domain, version }) => `${formatName(domain)} ${version}`);
  const dims = boundDims.map(
    ({ name, size, source }) => `${formatName(name)}=${size}${SOURCES[source]}`,
  );
  const bytes = inspection.activationBytes + inspection.parameterBytes;
  const rows: Row[] = [
    ["model", `${formatName(inspection.model)} (IR ${inspection.irVersion}, ${opsets.join(", ")})`],
    ...valueRows("inputs", inspection.inputs),
    ...valueRows("outputs", inspection.outputs),
    [
      "nodes",
      `${nodes.total}: ${counted(nodes.operators, "operator")}, ${counted(nodes.views, "view")}, ${nodes.constant} folded, ${nodes.dead} dead`,
    ],
    ["launches", launchesText(inspection)],
    ["FLOPs", formatCount(inspection.flops)],
    ["parameters", formatCount(inspection.parameters.count)],
    [
      "memory",
      `${formatBytes(inspection.activationBytes)} activations, ${formatBytes(inspection.parameterBytes)} parameters`,
    ],
    [
      "intensity",
      `${(bytes === 0 ? 0 : inspection.flops / bytes).toFixed(1)} FLOPs a byte on the whole`,
    ],
    [
      "width",
      `${widthText(inspection.width)} ${inspection.width.upperBound === 1 ? "operator" : "operators"} at once, ${widthText(inspection.heavyWidth)} heavy`,
    ],
    [
      "critical path",
      `${counted(criticalPath.operators, "operator")}; the heaviest has ${formatShare(criticalPath.flopsShare)} of the FLOPs`,
    ],
    [
      "shapes",
      `${typeSources.inferred} inferred, ${typeSources.oracle} from ONNX Runtime, ${typeSources.declared} declared${typeSources.data === 0 ? "" : `, ${typeSources.data} by data`}`,
    ],
  ];
  if (dims.length > 0) {
    rows.push(["dynamic dims", dims.join(" ")]);
  }
  const byData = sizesByData(inspection.dataSizes);
  if (byData !== undefined) {
    rows.push(["sizes by data", byData]);
  }
  if (guessedLoops.length > 0) {
    rows.push(["loops", `${guessedLoops.length} counted as one iteration: ${some(guessedLoops)}`]);
  }
  if (unknownOperators.length > 0) {
    const count = counted(unknownOperators.length, "operator");
    rows.push(["unknown", `${count}, costed by bytes: ${some(unknownOperators)}`]);
  }
  return rows;
}

/** What a GPU launches with each kernel list. */
function launchesText({ launches }: Inspection): string {
  const { patterns, elements, none } = launches;
  return `${patterns} on a GPU; ${elements} with --fuse elements, ${none} with --fuse none`;
}

/** Inputs or outputs that are listed; models of many layers have a pair for each. */
const LISTED_VALUES = 8;

function valueRows(what: string, values: readonly ModelValue[]): readonly Row[] {
  const more = values.length - LISTED_VALUES;
  const lines = values
    .slice(0, LISTED_VALUES)
    .map(({ name, type, dims }) => [formatName(name), type, ...sizesText(dims)].join(" "));
  const all = more > 0 ? [...lines, `and ${more} more (--json lists all)`] : lines;
  return (all.length === 0 ? ["none"] : all).map((line, at) => [at === 0 ? what : "", line]);
}

function sizesText(dims: readonly number[] | undefined): readonly string[] {
  return dims === undefined ? [] : [`[${dims.join(", ")}]`];
}

function some(names: readonly string[]): string {
  return names.slice(0, 5).map(formatName).join(", ");
}

function widthText({ lowerBound, upperBound, isExact }: WidthSummary): string {
  return isExact ? String(lowerBound) : `${lowerBound} to ${upperBound}`;
}
