import { escapeControls } from "../core/escape-controls.js";
import type { Failure } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import { shortened } from "../core/shortened.js";
import { traceInvalid } from "./failures.js";

/** Longest trace that is read. */
export const MAX_TRACE_BYTES: number = 64 << 20;

/** Least number of requests: each of three purposes has some of its own. */
export const LEAST_TRACE = 4;

/** Longest time between two requests: a week, in microseconds. */
const LONGEST_GAP = 604_800_000_000;

/** Lines that one reading reports: more say nothing new. */
const MAX_LINES = 20;

const TIME = /^\d+(?:\.\d+)?$/;

/**
 * Reads a trace: on each line the microseconds from one request to the next, as Perf Analyzer takes them
 * with `--request-intervals`. Fractions are read too; empty lines are left out.
 *
 * Returns nanoseconds. Fails: `trace-invalid`, once per line, at most twenty.
 */
export function parseTrace(source: string, file: string): Result<Float64Array> {
  const gaps: number[] = [];
  const failures: Failure[] = [];
  for (const [at, raw] of source.split("\n").entries()) {
    const line = raw.trim();
    const gap = TIME.test(line) ? Number(line) : Number.NaN;
    if (gap <= LONGEST_GAP) {
      gaps.push(Math.round(gap * 1000));
    } else if (line !== "" && failures.length < MAX_LINES) {
      const what = `line ${at + 1} is "${shortened(escapeControls(line), 40)}"`;
      failures.push(traceInvalid(file, `${what}, which is not 0 to ${LONGEST_GAP} microseconds`));
    }
  }
  const [first, ...rest] = failures;
  if (first !== undefined) {
    return fail([first, ...rest]);
  }
  if (gaps.length < LEAST_TRACE) {
    const message = `has ${gaps.length} times; training, validation and held-out requests need ${LEAST_TRACE}`;
    return fail([traceInvalid(file, message)]);
  }
  const gapsNs = Float64Array.from(gaps);
  return isEmptySomewhere(gapsNs)
    ? fail([traceInvalid(file, "has only times of 0 in one of its quarters")])
    : ok(gapsNs);
}

/**
 * The text of a trace: on each line the whole microseconds from one request to the next, the first from 0 on, which
 * is what Perf Analyzer takes. Times are rounded, not gaps, so that no request is more than half a microsecond away from
 * its time. `timesNs`: ascending.
 */
export function encodeTrace(timesNs: Float64Array): string {
  let last = 0;
  const lines = Array.from(timesNs, (time) => {
    const now = Math.round(time / 1000);
    const gap = now - last;
    last = now;
    return `${gap}\n`;
  });
  return lines.join("");
}

/** Whether all gaps of a part are 0: going round in it would never end. */
function isEmptySomewhere(gapsNs: Float64Array): boolean {
  const quarter = (at: number): number => Math.round((at / 4) * gapsNs.length);
  return [0, 1, 2, 3].some((at) =>
    gapsNs.subarray(quarter(at), quarter(at + 1)).every((gap) => gap === 0),
  );
}
