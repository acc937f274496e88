/** What a block does to the memory of its devices, in the direction of time that is filled. */
export interface MemoryStep {
  /** Lasting change. */
  readonly keep: number;
  /** Most above the level before it while it runs; may be negative. */
  readonly peak: number;
}

/**
 * One device while it is filled: what runs when, and the memory level before each, which depends on
 * the order alone.
 */
export class DeviceLine {
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly peaks: number[] = [];
  /** Level before each. */
  private readonly levels: number[] = [];
  private level: number;
  private readonly limit: number;

  /** `base` is the level before everything; `limit` may be infinite. */
  constructor(base: number, limit: number) {
    this.level = base;
    this.limit = limit;
  }

  /** Where something that starts at `time` would stand: behind all that has ended by then. */
  placeAt(time: number): number {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ends[middle] ?? 0) > time) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** End of what stands at a place; infinity behind the last. */
  endAt(place: number): number {
    return this.ends[place] ?? Number.POSITIVE_INFINITY;
  }

  /** Start of what stands at a place; infinity behind the last. */
  startAt(place: number): number {
    return this.starts[place] ?? Number.POSITIVE_INFINITY;
  }

  /** Whether memory allows a step before what stands at `place`. O(n) from there on. */
  fits(place: number, { keep, peak }: MemoryStep): boolean {
    if (this.limit === Number.POSITIVE_INFINITY) {
      return true;
    }
    if ((this.levels[place] ?? this.level) + peak > this.limit) {
      return false;
    }
    for (let at = place; keep > 0 && at < this.levels.length; at++) {
      if ((this.levels[at] ?? 0) + (this.peaks[at] ?? 0) + keep > this.limit) {
        return false;
      }
    }
    return true;
  }

  /** Puts a step before what stands at `place`. O(n) from there on. */
  insert(place: number, start: number, end: number, { keep, peak }: MemoryStep): void {
    const before = this.levels[place] ?? this.level;
    this.starts.splice(place, 0, start);
    this.ends.splice(place, 0, end);
    this.peaks.splice(place, 0, peak);
    this.levels.splice(place, 0, before);
    for (let at = place + 1; at < this.levels.length; at++) {
      this.levels[at] = (this.levels[at] ?? 0) + keep;
    }
    this.level += keep;
  }
}
