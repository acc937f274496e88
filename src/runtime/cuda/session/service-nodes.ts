/** Nodes of our own behind those of a program, for checking and measuring. */
import { present } from "../../../core/invariant.js";
import type { HelperNode } from "../client/nodes.js";
import { type DeviceProgram, helperNodes } from "../program/program.js";
import { CLOCK_NS, LONGER_SPINS_NS, SPIN_NS } from "./service-kernels.js";

/** Alignment of all memory. Units: bytes. */
const ALIGNMENT = 256;

/** Kernels in a row that note when they ran. */
const STAMPS = 64;

/** Bytes that each of them writes: start, end, cycles. */
export const STAMP_BYTES = 24;

/** Behind the program's memory, what our own nodes write: the clock's kernel, the timer's step, the notes. */
export const TICK_OFFSET = 16;

/** Where the notes begin. */
export const STAMPS_OFFSET = 24;

/** Bytes behind the program's memory for all of them. */
export const SERVICE_BYTES: number = aligned(STAMPS_OFFSET + STAMPS * STAMP_BYTES);

/** Kernels that do nothing: enough for 32 chains of which the ends do not matter. */
const NOTHINGS = 256;

/** Most operators of a run that can be delayed. */
const DELAYS = 32;

/** Node numbers of our own nodes. */
export interface ServiceNodes {
  /** Sets all activations to NaN; `undefined`: there are none. */
  readonly poison: number | undefined;
  readonly spin: number;
  /** By `LONGER_SPINS_NS`. */
  readonly longerSpins: readonly number[];
  readonly delays: readonly number[];
  readonly clock: number;
  /** Finds the step of the device's timer. */
  readonly tick: number;
  /** Note when they ran, each at a place of its own. */
  readonly stamps: readonly number[];
  readonly nothings: readonly number[];
}

/** Behind the program's memory and our own, aligned as all memory is. Units: bytes. */
export function scratchStart(programBytes: number): number {
  return aligned(programBytes) + SERVICE_BYTES;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/**
 * The program's nodes, then our own.
 *
 * Requires: `modules` are those of the program's sources, then that of our own kernels.
 */
export function withServiceNodes(
  program: DeviceProgram,
  modules: readonly number[],
): { readonly nodes: readonly HelperNode[]; readonly service: ServiceNodes } {
  const module = present(modules.at(-1), "module of our own kernels");
  const nodes = [...helperNodes(program, modules)];
  const add = (node: HelperNode): number => nodes.push(node) - 1;
  const { activations, bytes } = program.memory;
  const single = { grid: [1, 1, 1], block: [1, 1, 1] } as const;
  const kernel = { kind: "kernel", module, ...single } as const;
  const spin: HelperNode = { ...kernel, function: "spin", args: [{ i64: SPIN_NS }] };
  const service: ServiceNodes = {
    spin: add(spin),
    longerSpins: LONGER_SPINS_NS.map((ns) => add({ ...spin, args: [{ i64: ns }] })),
    delays: Array.from({ length: DELAYS }, () => add(spin)),
    clock: add({ ...kernel, function: "readClock", args: [{ i64: CLOCK_NS }, { ptr: bytes }] }),
    tick: add({ ...kernel, function: "tick", args: [{ ptr: bytes + TICK_OFFSET }] }),
    stamps: Array.from({ length: STAMPS }, (_, i) =>
      add({
        ...kernel,
        function: "stamp",
        args: [{ ptr: bytes + STAMPS_OFFSET + i * STAMP_BYTES }],
      }),
    ),
    nothings: Array.from({ length: NOTHINGS }, () =>
      add({ ...kernel, function: "nothing", args: [] }),
    ),
    poison:
      activations.bytes === 0
        ? undefined
        : add({
            kind: "memset",
            offset: activations.offset,
            bytes: activations.bytes,
            value: 0xff,
          }),
  };
  return { nodes, service };
}
