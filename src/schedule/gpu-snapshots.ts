import type { GpuSharing } from "./gpu-sharing.js";

/** The moment of a snapshot. */
export interface GpuMoment {
  readonly now: number;
  /** When the front end can start the next kernel. */
  readonly free: number;
  /** Ends of phases, and operators that have ended, since the beginning. */
  readonly events: number;
  readonly ended: number;
}

/** An operator that waits for the gap between two of its kernels. */
export interface BetweenKernels {
  readonly operator: number;
  readonly due: number;
}

/**
 * States of one run from which it can be continued, by time, in buffers that are used again.
 *
 * Snapshot `i` has a moment and the entries `first[i] ... first[i + 1] - 1`: kernels on the device
 * in order of dispatch, then operators between two of their kernels.
 */
export class GpuSnapshots {
  count = 0;
  /** By entry: operator, position of its kernel, phase (-1 between two kernels). */
  operator: Int32Array = new Int32Array(256);
  kernel: Int32Array = new Int32Array(256);
  phase: Int32Array = new Int32Array(256);
  /** By entry: work left of the phase; between two kernels, when the next one may start. */
  left: Float64Array = new Float64Array(256);
  readonly #first: number[] = [0];
  readonly #moments: GpuMoment[] = [];

  /** Adds the state at a moment. Cost: O(entries). */
  add(
    moment: GpuMoment,
    sharing: GpuSharing,
    kernel: Int32Array,
    between: Iterable<BetweenKernels>,
  ): void {
    let entry = this.#first[this.count]!;
    for (let slot = 0; slot < sharing.count; slot++) {
      const operator = sharing.operator[slot]!;
      this.#reserve(entry);
      this.operator[entry] = operator;
      this.kernel[entry] = kernel[operator]!;
      this.phase[entry] = sharing.phase[slot]!;
      this.left[entry++] = sharing.left[slot]!;
    }
    for (const { operator, due } of between) {
      this.#reserve(entry);
      this.operator[entry] = operator;
      this.kernel[entry] = kernel[operator]!;
      this.phase[entry] = -1;
      this.left[entry++] = due;
    }
    this.#moments[this.count] = moment;
    this.count++;
    this.#first[this.count] = entry;
  }

  /** The last snapshot before a time; -1 without one. */
  lastBefore(time: number): number {
    let at = this.count - 1;
    while (at >= 0 && (this.#moments[at] as GpuMoment).now >= time) {
      at--;
    }
    return at;
  }

  /** The time of snapshot `at`. */
  moment(at: number): GpuMoment {
    return this.#moments[at] as GpuMoment;
  }

  /** First entry of snapshot `at`; that of `at + 1` is behind its last. */
  first(at: number): number {
    return this.#first[at]!;
  }

  /** Takes over the first `count` snapshots of another run. Cost: O(their entries). */
  copyFrom(other: GpuSnapshots, count: number): void {
    const entries = other.#first[count]!;
    this.#reserve(Math.max(0, entries - 1));
    this.operator.set(other.operator.subarray(0, entries));
    this.kernel.set(other.kernel.subarray(0, entries));
    this.phase.set(other.phase.subarray(0, entries));
    this.left.set(other.left.subarray(0, entries));
    for (let at = 0; at < count; at++) {
      this.#moments[at] = other.#moments[at] as GpuMoment;
      this.#first[at + 1] = other.#first[at + 1]!;
    }
    this.count = count;
  }

  /** Makes entry `entry` writable. */
  #reserve(entry: number): void {
    if (entry < this.operator.length) {
      return;
    }
    const size = Math.max(2 * this.operator.length, entry + 1);
    const grown = (old: Int32Array): Int32Array => {
      const larger = new Int32Array(size);
      larger.set(old);
      return larger;
    };
    const left = new Float64Array(size);
    left.set(this.left);
    this.operator = grown(this.operator);
    this.kernel = grown(this.kernel);
    this.phase = grown(this.phase);
    this.left = left;
  }
}
