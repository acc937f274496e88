/** A time in which a device is taken. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/**
 * The first time from `ready` on at which no line is taken for `duration`. Each line is ascending.
 *
 * Cost: O(log n) and the intervals that are passed over.
 */
export function earliestGap(
  lines: readonly (readonly Interval[])[],
  ready: number,
  duration: number,
): number {
  let start = ready;
  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false;
    for (const line of lines) {
      for (let at = firstEndingAfter(line, start); at < line.length; at++) {
        const interval = line[at];
        if (interval === undefined || interval.start >= start + duration) {
          break;
        }
        start = interval.end;
        hasMoved = true;
      }
    }
  }
  return start;
}

/** Position of the first interval of a line that ends after `time`. */
function firstEndingAfter(line: readonly Interval[], time: number): number {
  let low = 0;
  let high = line.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((line[middle]?.end ?? 0) > time) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/** Puts an interval into its place; neighbors that touch become one. */
export function insertInterval(line: Interval[], { start, end }: Interval): void {
  const at = firstEndingAfter(line, start);
  const before = line[at - 1];
  const after = line[at];
  const first = before?.end === start ? at - 1 : at;
  const last = after?.start === end ? at + 1 : at;
  line.splice(first, last - first, {
    start: first < at ? (before?.start ?? start) : start,
    end: last > at ? (after?.end ?? end) : end,
  });
}
