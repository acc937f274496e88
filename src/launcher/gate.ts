/**
 * The gate: which of the policies that were compared is used.
 *
 * All are tried on the same validation samples, request by request and with the same luck, so what counts is by how much
 * their costs differ on each: a policy may be better by far less than samples differ from each other. `static` holds the
 * place first. Each other policy, in the order of comparisons, takes it only if it costs less beyond doubt: the 99 %
 * confidence interval of its mean difference lies below 0. It is looked at after 3, 6, 12 and 24 samples, as long as the
 * interval leaves both possible; so a policy that is no better passes at most about once in fifty times (four looks, half a
 * percent on that side each). After six samples or more one that costs no less on average is given up.
 *
 * Policies under which a backlog grows take no part as long as there is another.
 */

/** Policies by number, tried on as many samples as are asked for. */
export interface Contenders {
  readonly count: number;
  /** Who holds the place first. */
  readonly first: number;
  /** What a policy costs on each of the first `samples` samples. */
  costs(policy: number, samples: number): readonly number[];
  /** Whether it keeps up, by the first `samples` samples. */
  keepsUp(policy: number, samples: number): boolean;
}

/** Who passed, and on how many samples each policy was tried. */
export interface GateOutcome {
  readonly best: number;
  readonly samples: readonly number[];
}

/** Samples after which two policies are looked at. */
const LOOKS: readonly number[] = [3, 6, 12, 24];

/** Student's t for 99 % on both sides, by the looks: 2, 5, 11 and 23 degrees of freedom. */
const STUDENT: readonly number[] = [9.925, 4.032, 3.106, 2.807];

/** Samples from which on a policy that costs no less on average is given up. */
const GIVE_UP = 6;

/** Requests of all samples on which one policy is tried, unless the first look has more. */
const MOST_REQUESTS = 300_000;

/** Samples on which every policy is tried. */
export const FIRST_LOOK: number = LOOKS[0] ?? 0;

/** The looks there are for samples of so many requests. */
export function looksFor(requests: number): readonly number[] {
  return LOOKS.filter((look, at) => at === 0 || look * requests <= MOST_REQUESTS);
}

/** Who passes. Requires: at least one. Cost: of the samples that are asked for. */
export function passGate(contenders: Contenders, looks: readonly number[]): GateOutcome {
  const samples = Array.from({ length: contenders.count }, () => FIRST_LOOK);
  const isUp = (policy: number): boolean => contenders.keepsUp(policy, samples[policy] ?? 0);
  const everyone = [...samples.keys()];
  let able = everyone.some(isUp) ? everyone.filter(isUp) : everyone;
  for (;;) {
    const best = climb(contenders, able, looks, samples);
    const others = able.filter(isUp);
    if (others.length === 0 || isUp(best)) {
      return { best, samples };
    }
    // More samples have shown that it falls behind.
    able = others;
  }
}

/** Who holds the place in the end. Notes in `samples` how many it took. */
function climb(
  contenders: Contenders,
  able: readonly number[],
  looks: readonly number[],
  samples: number[],
): number {
  const { first } = contenders;
  const [start = first, ...rivals] = able.includes(first)
    ? [first, ...able.filter((each) => each !== first)]
    : able;
  return rivals.reduce((holder, rival) => {
    for (const [at, look] of looks.entries()) {
      samples[holder] = Math.max(samples[holder] ?? 0, look);
      samples[rival] = Math.max(samples[rival] ?? 0, look);
      const held = contenders.costs(holder, look);
      const less = contenders.costs(rival, look).map((cost, sample) => cost - (held[sample] ?? 0));
      const verdict = verdictOf(less, STUDENT[at] ?? 0);
      if (verdict !== "open") {
        return verdict === "less" ? rival : holder;
      }
    }
    return holder;
  }, start);
}

/** What differences of costs prove, by t for their number. */
function verdictOf(differences: readonly number[], t: number): "less" | "not less" | "open" {
  const count = differences.length;
  const mean = differences.reduce((sum, each) => sum + each, 0) / count;
  const square = differences.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (count - 1);
  const half = t * Math.sqrt(square / count);
  if (mean + half < 0) {
    return "less";
  }
  return mean - half >= 0 || (count >= GIVE_UP && mean >= 0) ? "not less" : "open";
}
