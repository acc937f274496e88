/**
 * Tile shapes that libraries have in common, and what a thread block of each holds.
 *
 * Source of threads, registers and shared memory: medians of the kernels in public traces (FP32 on a V100
 * and an A100, TF32 on an A100, 16 bits on an H100); of 16 bits before the A100, assumed.
 */
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import { hasMatrixUnits } from "./arithmetic.js";

/** A tile of a matrix product: one thread block. */
export interface Tile {
  readonly m: number;
  readonly n: number;
  /** Share of an SM's arithmetic that a full tile reaches: it falls with the reuse of a tile. */
  readonly efficiency: number;
  readonly threads: number;
  readonly registers: number;
  readonly sharedBytes: number;
}

const KIB = 1024;

type Row = readonly [
  m: number,
  n: number,
  efficiency: number,
  threads: number,
  registers: number,
  sharedKib: number,
];

function tiles(rows: readonly Row[]): readonly Tile[] {
  return rows.map(([m, n, efficiency, threads, registers, sharedKib]) => ({
    m,
    n,
    efficiency,
    threads,
    registers,
    sharedBytes: sharedKib * KIB,
  }));
}

const ORDINARY = tiles([
  [128, 128, 0.85, 256, 122, 16],
  [128, 64, 0.75, 128, 122, 12],
  [64, 64, 0.6, 64, 114, 8],
  [64, 32, 0.45, 64, 80, 6],
  [32, 32, 0.3, 64, 57, 4],
]);

const EARLY_MATRIX_UNITS = tiles([
  [128, 128, 0.85, 256, 128, 32],
  [128, 64, 0.75, 128, 128, 24],
  [64, 64, 0.6, 128, 96, 16],
  [64, 32, 0.45, 64, 96, 12],
  [32, 32, 0.3, 64, 64, 8],
]);

const AMPERE = tiles([
  [128, 128, 0.85, 128, 248, 96],
  [128, 64, 0.75, 128, 168, 72],
  [64, 64, 0.6, 128, 96, 96],
  [64, 32, 0.45, 128, 91, 62],
  [32, 32, 0.3, 64, 91, 48],
]);

const HOPPER = tiles([
  [128, 128, 0.85, 384, 168, 226],
  [128, 64, 0.75, 384, 168, 226],
  [64, 64, 0.6, 384, 168, 96],
  [64, 32, 0.45, 128, 100, 96],
  [32, 32, 0.3, 128, 100, 48],
]);

/** Shared memory of an SM from which on a GPU has the matrix units of the A100, and of the H100. */
const AMPERE_SHARED = 160 * KIB;
const HOPPER_SHARED = 224 * KIB;

/** The tiles for an arithmetic on a device, largest first. */
export function tilesOf(arithmetic: Kernel["arithmetic"], device: DeviceModel): readonly Tile[] {
  if (!hasMatrixUnits(arithmetic, device)) {
    return ORDINARY;
  }
  const { sharedBytesPerSm } = device;
  return sharedBytesPerSm >= HOPPER_SHARED
    ? HOPPER
    : sharedBytesPerSm >= AMPERE_SHARED
      ? AMPERE
      : EARLY_MATRIX_UNITS;
}
