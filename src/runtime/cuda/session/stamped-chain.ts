/**
 * A chain of kernels that do nothing but note when they ran.
 *
 * The chain's first kernels are the clock's, so that host and device are warm and cycles can be told in nanoseconds,
 * and one that finds the step of the device's timer.
 */
import { ok, type Result } from "../../../core/result.js";
import type { HelperCalls } from "./helper-calls.js";
import {
  SERVICE_BYTES,
  type ServiceNodes,
  STAMP_BYTES,
  STAMPS_OFFSET,
  TICK_OFFSET,
} from "./service-nodes.js";

/** When a kernel started and ended, and the cycles of its multiprocessor from before its start to behind its end. */
export interface Stamp {
  /** Since the first kernel of the chain started. */
  readonly startNs: number;
  readonly endNs: number;
  readonly cycles: number;
}

/** A chain that has run. */
export interface StampedChain {
  /** In the order of the chain. */
  readonly stamps: readonly Stamp[];
  /** Of the multiprocessor that ran the clock's kernel, just before. */
  readonly clockMhz: number;
  /** The least step that the device's timer was seen to take. */
  readonly timerStepNs: number;
}

/** A device with a program and our own nodes. */
export interface StampingDevice {
  readonly helper: HelperCalls;
  readonly service: Pick<ServiceNodes, "clock" | "tick" | "stamps">;
  /** Where our own nodes write. Units: bytes. */
  readonly offset: number;
}

/**
 * Runs the chain once, as a CUDA graph.
 *
 * Fails: what the helper refuses. Cost: half a millisecond on the device.
 */
export async function runStampedChain({
  helper,
  service,
  offset,
}: StampingDevice): Promise<Result<StampedChain>> {
  const { clock, tick, stamps } = service;
  const launches = [clock, tick, ...stamps].map((node) => ({ node }));
  const ran = await helper.call("run", { schedule: { launches } });
  if (!ran.ok) {
    return ran;
  }
  const read = await helper.call("download", { offset, bytes: SERVICE_BYTES });
  return read.ok ? ok(chainOf(read.value.base64 ?? "", stamps.length)) : read;
}

function chainOf(base64: string, count: number): StampedChain {
  const words = Buffer.from(base64, "base64");
  const word = (at: number): bigint => words.readBigInt64LE(at);
  // Times since 1970 have more digits than numbers of JavaScript.
  const first = word(STAMPS_OFFSET);
  const stamps = Array.from({ length: count }, (_, i): Stamp => {
    const at = STAMPS_OFFSET + i * STAMP_BYTES;
    return {
      startNs: Number(word(at) - first),
      endNs: Number(word(at + 8) - first),
      cycles: Number(word(at + 16)),
    };
  });
  return {
    stamps,
    clockMhz: clockOf(words),
    timerStepNs: Number(word(TICK_OFFSET)),
  };
}

/** The clock that its kernel has left at the start of these bytes: cycles, then nanoseconds. Units: MHz. */
export function clockOf(words: Buffer): number {
  const [cycles, ns] = [words.readBigInt64LE(0), words.readBigInt64LE(8)];
  return (Number(cycles) / Math.max(1, Number(ns))) * 1000;
}
