import {
  formatCell,
  formatFactor,
  formatFactors,
  formatName,
  formatNs,
  formatShare,
} from "../core/format.js";
import { textTable } from "../core/text-table.js";

/** A comparison to be shown; times in nanoseconds, except `searchMs`. */
export interface Compared {
  readonly lowerBoundNs: number;
  readonly boundedBy: string;
  readonly algorithms: readonly {
    readonly algorithm: string;
    readonly predictedNs: number;
    readonly speedUp: number;
    readonly speedUpRange?: { readonly low: number; readonly high: number };
    readonly streams: number;
    readonly waits: number;
    readonly mergedOperators: number;
    readonly boundGap: number;
    readonly searchMs: number;
  }[];
  readonly refused: readonly { readonly algorithm: string; readonly reason: string }[];
}

/** All algorithms side by side. */
export function renderCompared(
  { algorithms, refused, lowerBoundNs, boundedBy }: Compared,
  columns: number,
): string {
  const areMerged = algorithms.some(({ mergedOperators }) => mergedOperators > 0);
  const rows = algorithms.map((each) => [
    formatCell(each.algorithm),
    formatNs(each.predictedNs),
    each.speedUpRange === undefined ? formatFactor(each.speedUp) : formatFactors(each.speedUpRange),
    String(each.streams),
    String(each.waits),
    ...(areMerged ? [String(each.mergedOperators)] : []),
    formatShare(each.boundGap),
    formatNs(each.searchMs * 1e6),
  ]);
  const header = [
    "schedule",
    "predicted",
    "speed-up",
    "streams",
    "waits",
    ...(areMerged ? ["merged"] : []),
    "over bound",
    "search",
  ];
  return [
    textTable(header, rows, ["name", ...header.slice(1).map(() => "right" as const)], columns),
    "",
    `bound   ${formatNs(lowerBoundNs)}, by ${boundedBy}`,
    ...refused.map(({ algorithm, reason }) => `refused ${formatName(algorithm)}: ${reason}`),
  ].join("\n");
}
