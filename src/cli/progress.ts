import { escapeControls, escapeLines } from "../core/escape-controls.js";
import type { CliIo } from "./io.js";
import type { Paint } from "./paint.js";

/** One step of long work. */
export interface ProgressStep {
  /** The kind of work; the estimate of the time left starts again with each phase. */
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  readonly label: string;
  /** Part of a long phase: each has a line of its own where no line can be rewritten. */
  readonly part?: string;
}

/** The receiver of progress reports. */
export interface ProgressReporter {
  report(step: ProgressStep): void;
  /** A line of its own, such as a default that was taken. */
  note(text: string): void;
  /** Clears the line that is rewritten. */
  end(): void;
}

/** Least time between two rewrites of the line. */
const REWRITE_MS = 100;
/** Columns of a terminal that does not say. */
const USUAL_COLUMNS = 80;
const CLEAR_LINE = "\r\u001b[K";

/**
 * Progress on stderr: one line that is rewritten on a terminal, one line per phase and part otherwise,
 * nothing when `isQuiet`. The time left is estimated from the pace of the phase so far.
 */
export function progressOn({ stderr }: CliIo, paint: Paint, isQuiet: boolean): ProgressReporter {
  if (isQuiet) {
    return { report: () => {}, note: () => {}, end: () => {} };
  }
  let phase: string | undefined;
  const parts = new Set<string>();
  let startMs = 0;
  let shownMs = 0;
  let isOpen = false;
  const end = (): void => {
    if (isOpen) {
      stderr.write(CLEAR_LINE);
      isOpen = false;
    }
  };
  const report = (step: ProgressStep): void => {
    const nowMs = performance.now();
    const isNew = step.phase !== phase;
    if (isNew) {
      phase = step.phase;
      startMs = nowMs;
      parts.clear();
    }
    if (stderr.isTTY !== true) {
      if (isNew || (step.part !== undefined && !parts.has(step.part))) {
        stderr.write(`${escapeControls(step.label)}\n`);
      }
      parts.add(step.part ?? "");
      return;
    }
    if (isNew || nowMs - shownMs >= REWRITE_MS) {
      shownMs = nowMs;
      const line = escapeControls(progressLine(step, nowMs - startMs));
      const columns = Math.max(20, (stderr.columns ?? USUAL_COLUMNS) - 1);
      stderr.write(`${CLEAR_LINE}${paint.note(line.slice(0, columns))}`);
      isOpen = true;
    }
  };
  const note = (text: string): void => {
    end();
    stderr.write(`${paint.note(escapeLines(text))}\n`);
  };
  return { report, note, end };
}

/** The line for a step, `elapsedMs` after the start of its phase. */
export function progressLine({ done, total, label }: ProgressStep, elapsedMs: number): string {
  const percent = total > 0 ? `${Math.floor((100 * Math.min(done, total)) / total)} %` : "";
  const isEstimable = done > 0 && done < total;
  const leftS = isEstimable ? ((elapsedMs / done) * (total - done)) / 1000 : 0;
  const left = isEstimable ? `, about ${Math.max(1, Math.round(leftS))} s left` : "";
  return `${percent.padStart(5)} ${label}${left}`;
}
