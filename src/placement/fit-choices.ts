import { blocksTooLarge } from "./limit-memory.js";
import type { Placement } from "./placement.js";

/** The placement with the options of these names, one for each choice; `undefined`: that is none. */
export type TakeOptions = (names: readonly string[]) => Placement | undefined;

/**
 * The placement with the first option of each open choice whose blocks fit into the memory of their devices. Choices
 * of which no option fits stay as they are; all stay open.
 *
 * Cost: the placement is made once for each option of the choice that has most, and looked through.
 */
export function fitChoices(placement: Placement, take: TakeOptions): Placement {
  const { choices = [] } = placement;
  const large = blocksTooLarge(placement);
  const left = new Set(
    choices.flatMap(({ isOpen, options }, at) =>
      isOpen === true && options[0]?.blocks.some(({ id }) => large.has(id)) ? [at] : [],
    ),
  );
  if (left.size === 0) {
    return placement;
  }
  const names = choices.map(({ chosen }) => chosen);
  const most = choices.reduce((count, { options }) => Math.max(count, options.length), 0);
  for (let number = 1; number < most && left.size > 0; number++) {
    const optionOf = (at: number) => (left.has(at) ? choices[at]?.options[number] : undefined);
    const other = take(names.map((name, at) => optionOf(at)?.name ?? name));
    const tooLarge = other && blocksTooLarge(other);
    for (const at of left) {
      const option = optionOf(at);
      if (tooLarge !== undefined && option?.blocks.every(({ id }) => !tooLarge.has(id))) {
        names[at] = option.name;
        left.delete(at);
      }
    }
  }
  const fitted = take(names);
  const isOpen = new Set(choices.filter((each) => each.isOpen === true).map(({ name }) => name));
  return fitted === undefined
    ? placement
    : {
        ...fitted,
        choices: (fitted.choices ?? []).map((each) =>
          isOpen.has(each.name) ? { ...each, isOpen: true } : each,
        ),
      };
}
