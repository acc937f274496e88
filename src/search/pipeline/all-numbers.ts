/**
 * All numbers of micro-batches per period at once (`configurations/`): of all blocks, and where some can be set apart
 * (`set-apart.ts`) of the others. Blocks that hold no memory may run ahead without end, which leaves all configurations without
 * number, where those of the others may be few.
 */
import type { Placement } from "../../placement/placement.js";
import {
  type ConfigurationResult,
  leastOfConfigurations,
  searchConfigurations,
} from "./configurations/search-configurations.js";
import { type FoundPeriod, periodicOf } from "./found-period.js";
import { besides, type PeriodBound } from "./lower-bounds.js";
import { middleOf } from "./quick/batched-ends.js";
import { pausedPeriod } from "./quick/paused-middle.js";
import { setApart } from "./set-apart.js";

/** What all numbers of micro-batches give. */
export interface AllNumbers {
  /** The best schedule that was found; `undefined`: none. */
  readonly found: FoundPeriod | undefined;
  /** The highest bound that was proved; `undefined`: none. */
  readonly bound: PeriodBound | undefined;
  /** Choices that were looked at. */
  readonly choices: number;
}

/** What is found and proved of all blocks in `choices` choices. Deterministic. */
export function searchAllNumbers(placement: Placement, choices: number): AllNumbers {
  const all = searchConfigurations(placement, choices);
  return { found: all.found, bound: boundOf(all), choices: all.choices };
}

/** The same where all configurations are few enough; else nothing. Deterministic. */
export function leastOfAllNumbers(placement: Placement, choices: number): AllNumbers {
  const all = leastOfConfigurations(placement, choices);
  return { found: all.found, bound: boundOf(all), choices: all.choices };
}

/** What is proved of the others, with the time of what is set apart, and found with pauses for that. Deterministic. */
export function searchOthers(placement: Placement, choices: number): AllNumbers {
  const others = setApart(placement);
  if (others === undefined) {
    return { found: undefined, bound: undefined, choices: 0 };
  }
  const rest = leastOfConfigurations(others.placement, choices);
  const bound = boundOf(rest);
  const middle = middleOf(placement);
  const isMiddle = middle?.blocks.length === others.blocks.length;
  return {
    found:
      isMiddle && rest.found !== undefined
        ? pausedPeriod(placement, middle, periodicOf(rest.found))
        : undefined,
    bound: bound && besides(others, bound),
    choices: rest.choices,
  };
}

function boundOf({ least }: ConfigurationResult): PeriodBound | undefined {
  if (least === undefined) {
    return undefined;
  }
  const { each, ...weights } = least;
  return { kind: "configurations", ...each, blocks: [], ...weights };
}
