/**
 * One option of each choice of a placement: all combinations where they are few, else choice after choice, the best option
 * with the others as they are, until none gets better.
 *
 * Options are compared by a quick search: the shorter whole schedule wins, then the shorter period, then the earlier option.
 */
import type { Result } from "../core/result.js";
import { choose } from "../placement/parse-placement.js";
import type { Placement } from "../placement/placement.js";
import type { PipelineOutcome } from "../schedule/pipeline-outcome.js";

/** Searches a placement, quickly. */
export type QuickSearch = (placement: Placement) => Result<PipelineOutcome>;

/** Combinations up to which all are tried. */
const FEW = 32;
/** Times that all choices are gone through. */
const ROUNDS = 3;

/**
 * The placement with the best options that are tried; without choices as it is. Where no combination has a schedule, with the
 * options that are chosen already.
 *
 * Cost: a quick search for each combination that is tried: at most 32, or 3 for each option.
 */
export function chooseVersions(
  placement: Placement,
  search: QuickSearch,
  shouldStop: () => boolean = () => false,
): Placement {
  const { choices = [] } = placement;
  if (choices.every(({ isOpen }) => isOpen !== true)) {
    return placement;
  }
  const names = choices.map(({ options, chosen, isOpen }) =>
    isOpen === true ? options.map(({ name }) => name) : [chosen],
  );
  const trial = new Trial(placement, search);
  const combinations = names.reduce((count, options) => count * options.length, 1);
  if (combinations <= FEW) {
    for (const combination of productOf(names)) {
      if (!shouldStop()) {
        trial.tryOne(combination);
      }
    }
    return trial.best;
  }
  trial.tryOne(choices.map(({ chosen }) => chosen));
  if (trial.wins === 0) {
    trial.tryOne(leastOptions(placement));
  }
  for (let round = 0, before = -1; round < ROUNDS && trial.wins !== before; round++) {
    before = trial.wins;
    for (const [at, options] of names.entries()) {
      for (const option of options) {
        if (!shouldStop()) {
          trial.tryOne(trial.chosen.map((name, choice) => (choice === at ? option : name)));
        }
      }
    }
  }
  return trial.best;
}

/** Of each open choice the option that takes least memory, the first of equal ones. */
function leastOptions({ choices = [] }: Placement): readonly string[] {
  return choices.map(({ options, chosen, isOpen }) => {
    const takes = options.map(({ blocks }) =>
      blocks.reduce(
        (sum, { memory = 0, workspace = 0 }) => sum + Math.max(memory, 0) + workspace,
        0,
      ),
    );
    const least = options[takes.indexOf(Math.min(...takes))];
    return isOpen === true && least !== undefined ? least.name : chosen;
  });
}

function productOf(lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return lists.reduce<readonly (readonly string[])[]>(
    (found, list) => found.flatMap((head) => list.map((name) => [...head, name])),
    [[]],
  );
}

/** The best combination so far. */
class Trial {
  best: Placement;
  chosen: readonly string[];
  /** How often a better one was found. */
  wins = 0;
  readonly #search: QuickSearch;
  #score: readonly number[] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];

  constructor(placement: Placement, search: QuickSearch) {
    this.best = placement;
    this.chosen = (placement.choices ?? []).map(({ chosen }) => chosen);
    this.#search = search;
  }

  tryOne(names: readonly string[]): void {
    const placement = choose(this.best, names);
    const found = placement.ok ? this.#search(placement.value) : placement;
    if (!placement.ok || !found.ok) {
      return;
    }
    const { whole, periodic } = found.value;
    const score = [whole.makespan, periodic.period / periodic.microBatchesPerPeriod];
    const [makespan = 0, period = 0] = this.#score;
    const isBetter =
      (score[0] ?? 0) < makespan || (score[0] === makespan && (score[1] ?? 0) < period);
    if (isBetter) {
      this.best = placement.value;
      this.chosen = names;
      this.#score = score;
      this.wins++;
    }
  }
}
