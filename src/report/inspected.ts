import { textTable } from "../core/text-table.js";
import type { Inspection, WidthSummary } from "../onnx/inspect-model.js";
import { formatBytes, formatCount, formatName, formatShare } from "./format.js";

/** A model's summary for people: what it is made of, how wide it is, where its work is. */
export function renderInspected(inspection: Inspection): string {
  const { nodes, criticalPath, unknownOperators, boundDims, typeSources } = inspection;
  const opsets = inspection.opsets.map(({ domain, version }) => `${formatName(domain)} ${version}`);
  const dims = boundDims.map(
    ({ name, size, source }) =>
      `${formatName(name)}=${size}${source === "default" ? " (default)" : ""}`,
  );
  const bytes = inspection.activationBytes + inspection.parameterBytes;
  const rows: (readonly [string, string])[] = [
    ["model", `${formatName(inspection.model)} (IR ${inspection.irVersion}, ${opsets.join(", ")})`],
    [
      "nodes",
      `${nodes.total}: ${nodes.operators} operators, ${nodes.views} views, ${nodes.constant} folded, ${nodes.dead} dead`,
    ],
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
      `${widthText(inspection.width)} operators at once, ${widthText(inspection.heavyWidth)} heavy ones`,
    ],
    [
      "critical path",
      `${criticalPath.operators} operators; the heaviest has ${formatShare(criticalPath.flopsShare)} of the FLOPs`,
    ],
    ...(dims.length === 0 ? [] : [["dynamic dims", dims.join(" ")] as const]),
    [
      "shapes",
      `${typeSources.inferred} inferred, ${typeSources.oracle} from ONNX Runtime, ${typeSources.declared} declared`,
    ],
    ...(inspection.guessedLoops.length === 0
      ? []
      : [
          [
            "loops",
            `${inspection.guessedLoops.length} counted as one iteration: ${inspection.guessedLoops.slice(0, 5).map(formatName).join(", ")}`,
          ] as const,
        ]),
    ...(unknownOperators.length === 0
      ? []
      : [
          [
            "unknown",
            `${unknownOperators.length} operators, costed by bytes: ${unknownOperators.slice(0, 5).map(formatName).join(", ")}`,
          ] as const,
        ]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    "",
    textTable(
      ["operator type", "count", "FLOPs", "bytes"],
      inspection.types.map((type) => [
        formatName(type.type),
        String(type.operators),
        formatCount(type.flops),
        formatBytes(type.bytes),
      ]),
      ["left", "right", "right", "right"],
    ),
  ].join("\n");
}

function widthText({ lowerBound, upperBound, isExact }: WidthSummary): string {
  return isExact ? String(lowerBound) : `${lowerBound} to ${upperBound}`;
}
