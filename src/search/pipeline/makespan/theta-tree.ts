/**
 * The earliest end of a set of jobs of a machine that runs one at a time and may interrupt them: a balanced tree
 * over jobs by rising head. Each knot has the work of the set below it, and the earliest end of that alone.
 *
 * Example: jobs of 2 from 0 on and of 3 from 1 on end at 5; with one of 1 from 9 on, at 10.
 *
 * Source: theta trees (Vilim, 2007).
 */
export class ThetaTree {
  #leaves = 1;
  readonly #work: Float64Array;
  readonly #end: Float64Array;

  /** For sets of at most `capacity` jobs. */
  constructor(capacity: number) {
    const leaves = powerFrom(capacity);
    this.#work = new Float64Array(2 * leaves);
    this.#end = new Float64Array(2 * leaves);
    this.clear(capacity);
  }

  /** Empties the tree; it has `count` places from now on. */
  clear(count: number): void {
    this.#leaves = powerFrom(count);
    this.#work.fill(0, 0, 2 * this.#leaves);
    this.#end.fill(Number.NEGATIVE_INFINITY, 0, 2 * this.#leaves);
  }

  /** Puts a job into the set; places are by rising head. O(log n). */
  insert(place: number, head: number, duration: number): void {
    const work = this.#work;
    const end = this.#end;
    let at = this.#leaves + place;
    work[at] = duration;
    end[at] = head + duration;
    for (at >>>= 1; at >= 1; at >>>= 1) {
      const right = 2 * at + 1;
      work[at] = work[right - 1]! + work[right]!;
      end[at] = Math.max(end[right]!, end[right - 1]! + work[right]!);
    }
  }

  /** The earliest end of the set; -Infinity of an empty one. */
  get end(): number {
    return this.#end[1]!;
  }
}

/** The least power of two that is not less. */
function powerFrom(count: number): number {
  let power = 1;
  while (power < count) {
    power *= 2;
  }
  return power;
}
