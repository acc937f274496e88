/**
 * Kernels that are on a GPU at one time, and how fast each of them goes.
 *
 * Room is given out in the order of dispatch: a kernel gets the share of the device that its thread
 * blocks take, or what is left of it, and goes slower in proportion; behind the first that does not
 * fit whole, nobody gets room. Arithmetic and bandwidth are shared fairly (max-min): who wants less
 * than an equal part gets it whole, the others are cut off at the level at which the device is used
 * up. Last, every neighbor costs a little (`Interference`).
 *
 * Example: two kernels that alone use 70 % and 20 % of the bandwidth fit together. With a third
 * that uses 40 % the level is 40 % (20 + 40 + 40 = 100): the first goes at 4/7 of its speed.
 */
import type { GpuWork } from "./gpu-work.js";

/** Less than this share of the device is no room. */
const EPSILON = 1e-9;

/** Work left of a phase that counts as none, in nanoseconds. */
export const DONE_NS: number = 1e-6;

/** What of the work decides how it shares the device. */
export type SharedWork = Pick<GpuWork, "share" | "arithmetic" | "bandwidth" | "interference">;

/** The kernels on the device, in the order of dispatch; slot `i` of every array is one of them. */
export class GpuSharing {
  count = 0;
  readonly operator: Int32Array;
  readonly phase: Int32Array;
  /** Nanoseconds of the phase, as if alone, that are still to do. */
  readonly left: Float64Array;
  /** After `settle`: part of the wanted room that it has. */
  readonly room: Float64Array;
  /** After `settle`: progress per nanosecond, 1 alone and 0 without room. */
  readonly rate: Float64Array;
  readonly #work: SharedWork;

  /** Room for `most` kernels at a time. */
  constructor(work: SharedWork, most: number) {
    this.#work = work;
    this.operator = new Int32Array(most);
    this.phase = new Int32Array(most);
    this.left = new Float64Array(most);
    this.room = new Float64Array(most);
    this.rate = new Float64Array(most);
  }

  /** Puts a phase behind all others. */
  add(operator: number, phase: number, left: number): void {
    this.operator[this.count] = operator;
    this.phase[this.count] = phase;
    this.left[this.count] = left;
    this.count++;
  }

  /** Moves a kernel to an earlier slot, over one that has ended. */
  move(from: number, to: number): void {
    this.operator[to] = this.operator[from]!;
    this.phase[to] = this.phase[from]!;
    this.left[to] = this.left[from]!;
  }

  /** Gives out room and sets the rates. Returns the time to the first end of a phase. */
  settle(): number {
    const { share, arithmetic, bandwidth, interference } = this.#work;
    const { count, phase, room, rate, left } = this;
    let free = 1;
    let compute = 0;
    let traffic = 0;
    let resident = 0;
    let leaning = 0;
    for (let slot = 0; slot < count; slot++) {
      const at = phase[slot]!;
      const wanted = share[at]!;
      if (free < EPSILON) {
        room[slot] = 0;
        continue;
      }
      const isWhole = wanted <= free;
      const given = isWhole ? 1 : free / wanted;
      room[slot] = given;
      free = isWhole ? free - wanted : 0;
      compute += given * arithmetic[at]!;
      traffic += given * bandwidth[at]!;
      leaning += bandwidth[at]! > arithmetic[at]! ? 1 : 0;
      resident++;
    }
    const computeLevel = compute <= 1 ? Number.POSITIVE_INFINITY : this.#level(arithmetic);
    const trafficLevel = traffic <= 1 ? Number.POSITIVE_INFINITY : this.#level(bandwidth);
    let step = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < count; slot++) {
      const given = room[slot]!;
      if (given === 0) {
        rate[slot] = 0;
        continue;
      }
      const at = phase[slot]!;
      let squeeze = 1;
      squeeze = Math.max(squeeze, (given * arithmetic[at]!) / computeLevel);
      squeeze = Math.max(squeeze, (given * bandwidth[at]!) / trafficLevel);
      const isTraffic = bandwidth[at]! > arithmetic[at]!;
      const alike = (isTraffic ? leaning : resident - leaning) - 1;
      const crowd =
        1 +
        (isTraffic ? interference.bandwidth : interference.arithmetic) * alike +
        interference.mixed * (resident - 1 - alike);
      const speed = given / squeeze / crowd;
      rate[slot] = speed;
      step = Math.min(step, left[slot]! / speed);
    }
    return step;
  }

  /** Lets all kernels go on for `step` nanoseconds. */
  advance(step: number): void {
    const { count, rate, left } = this;
    for (let slot = 0; slot < count; slot++) {
      left[slot] = left[slot]! - step * rate[slot]!;
    }
  }

  /** Part of a resource of the device that is used, after `settle`. */
  used(resource: "capacity" | "arithmetic" | "bandwidth"): number {
    const use = resource === "capacity" ? this.#work.share : this.#work[resource];
    const by = resource === "capacity" ? this.room : this.rate;
    let sum = 0;
    for (let slot = 0; slot < this.count; slot++) {
      sum += by[slot]! * use[this.phase[slot]!]!;
    }
    return sum;
  }

  /** Where users of a resource are cut off so that together they get all of it and no more. */
  #level(use: Float64Array): number {
    const { count, phase, room } = this;
    let level = 0;
    let open = Number.POSITIVE_INFINITY;
    for (;;) {
      let left = 1;
      let above = 0;
      for (let slot = 0; slot < count; slot++) {
        const wanted = room[slot]! * use[phase[slot]!]!;
        if (wanted > level) {
          above++;
        } else {
          left -= wanted;
        }
      }
      // Each round fewer are above the level; rounding can count one again that was below it.
      if (above >= open || above === 0) {
        return level;
      }
      open = above;
      level = left / above;
    }
  }
}
