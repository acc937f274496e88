import { escapeControls } from "./escape-controls.js";
import { shortened } from "./shortened.js";

/** A duration for people: `812 ns`, `34.2 us`, `5.61 ms`, `1.20 s`. */
export function formatNs(ns: number): string {
  if (ns < 1000) {
    return `${Math.round(ns)} ns`;
  }
  const units = [
    ["us", 1e3],
    ["ms", 1e6],
    ["s", 1e9],
  ] as const;
  const [unit, size] = units.find(([, each]) => ns < each * 999.5) ?? ["s", 1e9];
  return `${significant(ns / size)} ${unit}`;
}

/**
 * Two durations in nanoseconds as `format` writes them; in whole nanoseconds where two different
 * ones would look the same.
 */
export function formatApart(
  format: (ns: number) => string,
  one: number,
  other: number,
): readonly [string, string] {
  const texts = [format(one), format(other)] as const;
  return one === other || texts[0] !== texts[1]
    ? texts
    : [`${Math.ceil(one)} ns`, `${Math.floor(other)} ns`];
}

/** A count with a decimal prefix: `950`, `1.50 k`, `3.00 G`. */
export function formatCount(count: number): string {
  if (count < 1000) {
    return String(Math.round(count));
  }
  const prefixes = ["k", "M", "G", "T", "P"] as const;
  let value = count;
  let prefix = "";
  for (const each of prefixes) {
    if (value >= 999.5) {
      value /= 1000;
      prefix = each;
    }
  }
  return `${significant(value)} ${prefix}`;
}

/** A count with its noun: `1 wait`, `3 waits`. */
export function counted(count: number, noun: string, plural: string = "s"): string {
  return `${count} ${noun}${count === 1 ? "" : plural}`;
}

/** Bytes with a binary prefix, in the form that options accept: `12 B`, `4.00 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const at = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * at);
  return `${at === 0 ? Math.round(value) : significant(value)} ${units[at]}`;
}

/** The speedup of `ns` over `baseNs`: `1.72x`. */
export function formatSpeedUp(ns: number, baseNs: number): string {
  return ns === 0 || baseNs === 0 ? "-" : formatFactor(baseNs / ns);
}

/** A factor: `1.72x`. */
export function formatFactor(factor: number): string {
  return `${factor < 0.0995 ? factor.toPrecision(2) : factor.toFixed(2)}x`;
}

/** Factors between two: `1.31x to 1.82x`; one where both look the same. */
export function formatFactors({
  low,
  high,
}: {
  readonly low: number;
  readonly high: number;
}): string {
  const [least, most] = [formatFactor(low), formatFactor(high)];
  return least === most ? least : `${least} to ${most}`;
}

/** A share in [0, 1] as a percentage: `42.0 %`. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Three digits. */
function significant(value: number): string {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}

/** Longest name that a sentence shows whole: with a label in front it fits into a narrow report. */
const NAME_COLUMNS = 44;

/** Longest name that a table shows whole, where there is room. */
const CELL_COLUMNS = 80;

/**
 * A name from a file for use in a sentence: invisible characters are escaped, long names cut in the
 * middle.
 */
export function formatName(name: string): string {
  return shortened(escapeControls(name), NAME_COLUMNS);
}

/** A name from a file for use in a table cell, which the table may shorten further. */
export function formatCell(name: string): string {
  return shortened(escapeControls(name), CELL_COLUMNS);
}
