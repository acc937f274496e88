/** What a block does to the memory of its devices, in the direction of time that is filled. */
export interface MemoryStep {
  /** Lasting change. */
  readonly keep: number;
  /** Most above the level before it while it runs; may be negative. */
  readonly peak: number;
}

/**
 * One device while it is filled: what runs when, and the memory level before each, which depends on
 * the order alone. Everything that runs takes some time.
 */
export class DeviceLine {
  #count = 0;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #peaks: Float64Array;
  /** Level before each; not kept without a limit. */
  readonly #levels: Float64Array;
  readonly #base: number;
  #level: number;
  readonly #limit: number;

  /** `base` is the level before everything; `limit` may be infinite; `capacity`: how much will run. */
  constructor(base: number, limit: number, capacity: number) {
    this.#base = base;
    this.#level = base;
    this.#limit = limit;
    this.#starts = new Float64Array(capacity);
    this.#ends = new Float64Array(capacity);
    const kept = limit === Number.POSITIVE_INFINITY ? 0 : capacity;
    this.#peaks = new Float64Array(kept);
    this.#levels = new Float64Array(kept);
  }

  /** Takes everything off. */
  clear(): void {
    this.#count = 0;
    this.#level = this.#base;
  }

  /** The first time from `ready` on with a gap and memory for a step; infinity if there is none. O(n). */
  firstGap(ready: number, duration: number, step: MemoryStep): number {
    const count = this.#count;
    const starts = this.#starts;
    const ends = this.#ends;
    let place = this.#placeAt(ready);
    let start = ready;
    const full = this.#lastFull(place, step);
    if (full >= place) {
      start = ends[full]!;
      place = full + 1;
    }
    for (; place < count; place++) {
      if (starts[place]! >= start + duration && this.#hasLevelFor(place, step)) {
        return start;
      }
      start = ends[place]!;
    }
    return this.#hasLevelFor(count, step) ? start : Number.POSITIVE_INFINITY;
  }

  /** Puts a step at a time that `firstGap` gave. O(n) from there on. */
  insert(start: number, end: number, { keep, peak }: MemoryStep): void {
    const place = this.#placeAt(start);
    const count = this.#count;
    const starts = this.#starts;
    const ends = this.#ends;
    starts.copyWithin(place + 1, place, count);
    ends.copyWithin(place + 1, place, count);
    starts[place] = start;
    ends[place] = end;
    if (this.#limit !== Number.POSITIVE_INFINITY) {
      this.#insertLevel(place, keep, peak);
    }
    this.#count++;
    this.#level += keep;
  }

  #insertLevel(place: number, keep: number, peak: number): void {
    const count = this.#count;
    const levels = this.#levels;
    const peaks = this.#peaks;
    const before = place < count ? levels[place]! : this.#level;
    levels.copyWithin(place + 1, place, count);
    peaks.copyWithin(place + 1, place, count);
    levels[place] = before;
    peaks[place] = peak;
    for (let at = place + 1; keep !== 0 && at <= count; at++) {
      levels[at] = levels[at]! + keep;
    }
  }

  /** Where something that starts at `time` would stand: behind all that has ended by then. */
  #placeAt(time: number): number {
    const ends = this.#ends;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle]! > time) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** The last from `place` on that has no memory left when a step stands before it; less if none. */
  #lastFull(place: number, { keep }: MemoryStep): number {
    const limit = this.#limit;
    const levels = this.#levels;
    const peaks = this.#peaks;
    if (limit === Number.POSITIVE_INFINITY || keep <= 0) {
      return -1;
    }
    let at = this.#count - 1;
    while (at >= place && levels[at]! + peaks[at]! + keep <= limit) {
      at--;
    }
    return at;
  }

  /** Whether memory allows a step itself before what stands at `place`. */
  #hasLevelFor(place: number, { peak }: MemoryStep): boolean {
    const limit = this.#limit;
    const levels = this.#levels;
    const count = this.#count;
    const level = this.#level;
    return (
      limit === Number.POSITIVE_INFINITY || (place < count ? levels[place]! : level) + peak <= limit
    );
  }
}
