/** Numbers of pictures in words. */
import { formatBytes, formatNs } from "../../../core/format.js";
import type { PageUnit, Quantity } from "../page-data.js";

/** The text of a number. */
export type FormatNumber = (value: number) => string;

/** The format of times: steps have up to three digits behind the point. */
export function timeFormat(unit: PageUnit): FormatNumber {
  return unit === "ns" ? formatSigned : (time) => String(Math.round(time * 1000) / 1000);
}

function formatSigned(ns: number): string {
  return ns < 0 ? `-${formatNs(-ns)}` : formatNs(ns);
}

/** The format of a quantity. */
export function quantityFormat(quantity: Quantity, unit: PageUnit): FormatNumber {
  switch (quantity) {
    case "time":
      return timeFormat(unit);
    case "bytes":
      return formatBytes;
    case "percent":
      return (value) => `${Math.round(value)} %`;
    case "number":
      return (value) => String(Number(value.toPrecision(4)));
  }
}

/**
 * The format of ticks `step` apart: enough digits that neighbors differ, all in the unit of the largest.
 *
 * Example: 1.25 ms and 1.2525 ms, 2.5 us apart, are "1.2500 ms" and "1.2525 ms".
 */
export function tickFormat(unit: PageUnit, most: number, step: number): FormatNumber {
  if (unit === "step") {
    return (value) => String(Number(value.toPrecision(12)));
  }
  const [name, size] = most >= 1e9 ? ["s", 1e9] : most >= 1e6 ? ["ms", 1e6] : ["us", 1e3];
  const scale = most < 1e3 ? 1 : Number(size);
  const digits = digitsOf(step / scale);
  return (value) => `${(value / scale).toFixed(digits)} ${most < 1e3 ? "ns" : name}`;
}

/** Most digits behind the point. */
const MOST_DIGITS = 9;

/** Digits behind the point that tell numbers `step` apart from each other. */
function digitsOf(step: number): number {
  let digits = 0;
  for (let unit = 1; digits < MOST_DIGITS && unit > step * (1 + 1e-9); unit /= 10) {
    digits++;
  }
  return digits;
}
