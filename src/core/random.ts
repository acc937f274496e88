/** A seeded source of numbers: the same seed gives the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1), with 32 random bits. */
  next(): number;
  /** Uniform integer in [0, `bound`). Requires: `bound` > 0. */
  integer(bound: number): number;
  /** Uniform float in [`low`, `high`). */
  between(low: number, high: number): number;
  /** Fisher-Yates, in place. */
  shuffle<T>(items: T[]): void;
  /** An independent sequence that depends on this seed and `label` only. */
  fork(label: number): Random;
}

/**
 * The generator behind every random choice.
 *
 * Source: mulberry32 (public-domain mixing constants of T. Ettinger), 32 bits of state.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const integer = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    integer,
    between: (low, high) => low + (high - low) * next(),
    shuffle: <T>(items: T[]): void => {
      for (let i = items.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        const held = items[i] as T;
        items[i] = items[j] as T;
        items[j] = held;
      }
    },
    fork: (label) =>
      seededRandom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(label + 1, 0xc2b2ae35)),
  };
}
