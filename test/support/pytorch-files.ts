/** Files as PyTorch's pipelines and their profiler write them, for schedules of placements whose stages make a chain. */
import type { Placement } from "../../src/placement/placement.js";
import type { PipelineSchedule } from "../../src/schedule/pipeline-schedule.js";

/** One cell, and when it ran. */
export interface RanCell {
  readonly cell: string;
  readonly start: number;
  readonly end: number;
}

const LETTERS = { forward: "F", backward: "B", weight: "W", other: "?", transfer: "?" } as const;

/** The cells of each device, by start; backwards of stages that have weight blocks are I. */
export function ranCells(
  { blocks, devices }: Placement,
  { instances }: PipelineSchedule,
): readonly (readonly RanCell[])[] {
  const isSplit = blocks.some(({ kind }) => kind === "weight");
  const stages = blocks.filter(({ kind }) => kind === "forward").length;
  const rows: RanCell[][] = devices.map(() => []);
  for (const { block, microBatch, start, end } of instances) {
    const { id, kind, devices: own } = blocks[block]!;
    const number = Number(id.slice(1));
    const stage = kind === "forward" ? number : stages - 1 - number;
    const letter = kind === "backward" && isSplit ? "I" : LETTERS[kind];
    rows[own[0]!]!.push({ cell: `${stage}${letter}${microBatch}`, start, end });
  }
  return rows;
}

/** Rows of cells as a file. */
export function csvOf(rows: readonly (readonly RanCell[])[]): string {
  return `${rows.map((row) => row.map(({ cell }) => cell).join(",")).join("\n")}\n`;
}

/** What a trace has besides the actions. */
export interface TraceOptions {
  readonly rank?: number;
  /** By how many nanoseconds the clock of the rank is behind. */
  readonly behindNs?: number;
  /** Before the first operator inside an action, during which the rank waits. */
  readonly waitNs?: (cell: string) => number;
  readonly withOperators?: boolean;
  /** `gpu_user_annotation` besides those of the host, this much later. */
  readonly gpuDelayNs?: number;
}

/** A trace of steps on one rank; times in nanoseconds. */
export function traceOf(
  steps: readonly (readonly RanCell[])[],
  { rank, behindNs = 0, waitNs, withOperators = true, gpuDelayNs }: TraceOptions = {},
): string {
  const us = (ns: number): number => ns / 1000;
  const events = steps.flat().flatMap(({ cell, start, end }) => {
    const wait = waitNs?.(cell) ?? 0;
    const common = { ph: "X", name: `PP:${cell}`, pid: 7 };
    const ts = us(start - behindNs - wait);
    const host = { ...common, cat: "user_annotation", tid: 7, ts, dur: us(end - start + wait) };
    const operator = {
      ph: "X",
      cat: "cpu_op",
      name: "aten::linear",
      pid: 7,
      tid: 7,
      ts: us(start - behindNs),
      dur: us(1),
    };
    const gpu = {
      ...common,
      cat: "gpu_user_annotation",
      tid: 20,
      ts: us(start + (gpuDelayNs ?? 0) - behindNs),
      dur: us(end - start),
    };
    return [host, ...(withOperators ? [operator] : []), ...(gpuDelayNs === undefined ? [] : [gpu])];
  });
  return JSON.stringify({
    schemaVersion: 1,
    ...(rank === undefined ? {} : { distributedInfo: { backend: "gloo", rank, world_size: 2 } }),
    displayTimeUnit: "ms",
    baseTimeNanoseconds: 1_790_857_026_000_000_000,
    traceEvents: [{ ph: "M", name: "process_name", pid: 7, args: { name: "python" } }, ...events],
  });
}
