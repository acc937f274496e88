import { type Errors, errorsOf } from "./errors.js";
import type { Comparison } from "./predict-row.js";
import type { Published } from "./published.js";

/** Operators that are compared together. */
export interface Group {
  readonly family: string;
  readonly type: string;
  readonly device: string;
  readonly source: string;
  readonly part: string;
  readonly errors: Errors;
}

/** Fewer say nothing. */
const LEAST_MEMBERS = 3;

/** The comparisons by family, type, device, source and part, in alphabetical order. */
export function groupsOf(comparisons: readonly Comparison[]): Group[] {
  const groups = new Map<string, Comparison[]>();
  for (const each of comparisons) {
    const { family, row } = each;
    const key = JSON.stringify([family, row.type, row.device, row.source, row.part]);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups]
    .filter(([, members]) => members.length >= LEAST_MEMBERS)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, members]) => {
      const [family = "", type = "", device = "", source = "", part = ""] = JSON.parse(
        key,
      ) as readonly string[];
      const pairs = members.map(({ row, predictedUs }) => ({
        predicted: predictedUs,
        measured: row.us,
      }));
      return { family, type, device, source, part, errors: errorsOf(pairs) };
    });
}

/** The groups as a table of a document. */
export function groupTable(groups: readonly Group[]): string[] {
  return [
    "| operators | type | device | source | part | n | median error | bias | mean abs. log | rank |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...groups.map(({ family, type, device, source, part, errors }) => {
      const { count, error, bias, log, rank } = errors;
      const figures = [percent(error), bias.toFixed(2), percent(log), rank?.toFixed(2) ?? "-"];
      return `| ${[family, type, device, source, part, count, ...figures].join(" | ")} |`;
    }),
  ];
}

/** Published figures as a table, and what they say together. */
export function publishedTable(
  rows: readonly Published[],
  format: (value: number) => string,
): string[] {
  return [
    "| network | image side | batch | device | from | published | predicted | ratio |",
    "|---|---|---|---|---|---|---|---|",
    ...rows.map(({ network, device, by, measured, predicted }) => {
      const { model, side, batch } = network;
      const ratio = (predicted / measured).toFixed(2);
      const cells = [model, side || "-", batch, device, by, format(measured), format(predicted)];
      return `| ${[...cells, ratio].join(" | ")} |`;
    }),
    "",
    `${rows.length} figures: ${summaryOf(errorsOf(rows))}.`,
  ];
}

/** What the errors of some pairs are, in words. */
export function summaryOf({ error, bias, log }: Errors): string {
  return `median error ${percent(error)}, bias ${bias.toFixed(2)}, mean absolute logarithm ${percent(log)}`;
}

/** `1.87 ms`. */
export function milliseconds(us: number): string {
  return `${(us / 1000).toFixed(2)} ms`;
}

/** `1.30x`. */
export function times(gain: number): string {
  return `${gain.toFixed(2)}x`;
}

/** `12 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
