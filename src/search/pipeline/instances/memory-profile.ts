/** The memory of a device over time while works are placed in any order of time. */
export class MemoryProfile {
  /** Ascending; `#levels[k]` is held from `#times[k]` on, `#base` before the first. */
  readonly #times: number[] = [];
  readonly #levels: number[] = [];
  readonly #base: number;
  readonly #limit: number;

  /** `base` is held before everything; `limit` may be infinite: then nothing is kept. */
  constructor(base: number, limit: number) {
    this.#base = base;
    this.#limit = limit;
  }

  /**
   * The first start from `ready` on at which memory lasts for a work of `duration` that changes it by `atStart` and `atEnd`;
   * infinity if there is none. O(n).
   */
  earliest(ready: number, duration: number, atStart: number, atEnd: number): number {
    const net = atStart + atEnd;
    if (this.#limit === Number.POSITIVE_INFINITY || (atStart <= 0 && net <= 0)) {
      return ready;
    }
    let start = ready;
    for (;;) {
      const full = this.#lastFull(start, start + duration, atStart, net);
      if (full === undefined) {
        return start;
      }
      if (full.until === Number.POSITIVE_INFINITY) {
        return Number.POSITIVE_INFINITY;
      }
      const isAfter = full.from >= start + duration;
      start = isAfter && atStart < net ? full.until - duration : full.until;
    }
  }

  /** Changes what is held from `time` on. O(n). */
  add(time: number, change: number): void {
    if (this.#limit === Number.POSITIVE_INFINITY || change === 0) {
      return;
    }
    const at = this.#firstFrom(time);
    if (this.#times[at] !== time) {
      this.#times.splice(at, 0, time);
      this.#levels.splice(at, 0, at === 0 ? this.#base : (this.#levels[at - 1] ?? 0));
    }
    for (let i = at; i < this.#levels.length; i++) {
      this.#levels[i] = (this.#levels[i] ?? 0) + change;
    }
  }

  /** The last stretch from `start` on in which the limit is passed by what is added until and from `end`. */
  #lastFull(
    start: number,
    end: number,
    added: number,
    net: number,
  ): { readonly from: number; readonly until: number } | undefined {
    const times = this.#times;
    for (let at = times.length - 1; at >= -1; at--) {
      const from = at < 0 ? Number.NEGATIVE_INFINITY : (times[at] ?? 0);
      const until = times[at + 1] ?? Number.POSITIVE_INFINITY;
      if (until <= start) {
        return undefined;
      }
      const level = at < 0 ? this.#base : (this.#levels[at] ?? 0);
      const isFullLater = until > end && level + net > this.#limit;
      const isFullMeanwhile = from < end && level + added > this.#limit;
      if (isFullLater || isFullMeanwhile) {
        return { from: isFullMeanwhile ? from : Math.max(from, end), until };
      }
    }
    return undefined;
  }

  /** Position of the first time that is not before `time`. */
  #firstFrom(time: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] ?? 0) < time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
