/** Versions of blocks of which one is chosen: recompute or keep, one device or another. */
import type { JsonProblem } from "../core/json-shape.js";
import type { BlockSpec, ChoiceSpec, PlacementSpec, VersionSpec } from "./placement-format.js";

/** The blocks of a document as the chosen options have them. Requires: `choiceProblems` finds none. */
export function chosenBlocks({ blocks, choices }: PlacementSpec): readonly BlockSpec[] {
  const versions = new Map(
    choices.flatMap((choice) => {
      const option = choice.options.find(({ name }) => name === chosenIn(choice));
      return (option?.blocks ?? []).map((version) => [version.id, version] as const);
    }),
  );
  return blocks.map((block) => ({ ...block, ...versions.get(block.id) }));
}

/** The name of the option that is chosen: the first, unless the choice says another. */
export function chosenIn({ chosen, options }: ChoiceSpec): string {
  return chosen ?? options[0]?.name ?? "";
}

/**
 * Adds what is wrong with the choices of a document: names that are not unique or not known, options that do not change the
 * same fields of the same blocks, and blocks of two choices.
 */
export function choiceProblems({ blocks, choices }: PlacementSpec, problems: JsonProblem[]): void {
  const known = new Set(blocks.map(({ id }) => id));
  const names = new Set<string>();
  const taken = new Set<string>();
  const report = (pointer: string, message: string): void => {
    problems.push({ pointer, message });
  };
  for (const [at, { name, options, chosen }] of choices.entries()) {
    const pointer = `/choices/${at}`;
    if (names.has(name)) {
      report(`${pointer}/name`, `"${name}" is there already`);
    }
    names.add(name);
    if (chosen !== undefined && options.every((option) => option.name !== chosen)) {
      report(`${pointer}/chosen`, `"${chosen}" is not the name of an option`);
    }
    const first = fieldsOf(options[0]?.blocks ?? []);
    for (const [number, option] of options.entries()) {
      const place = `${pointer}/options/${number}`;
      if (options.findIndex((each) => each.name === option.name) < number) {
        report(`${place}/name`, `"${option.name}" is there already`);
      }
      const unknown = option.blocks.find(({ id }) => !known.has(id));
      if (unknown !== undefined) {
        report(`${place}/blocks`, `"${unknown.id}" is not the id of a block`);
      } else if (fieldsOf(option.blocks) !== first) {
        report(`${place}/blocks`, "do not change the same fields of the same blocks as the first");
      }
    }
    for (const { id } of options[0]?.blocks ?? []) {
      if (taken.has(id)) {
        report(`${pointer}/options/0/blocks`, `"${id}" is a block of another choice, or twice`);
      }
      taken.add(id);
    }
  }
}

/** Which fields of which blocks are changed, in an order of their own. */
function fieldsOf(blocks: readonly VersionSpec[]): string {
  const fields = blocks.map((version) => JSON.stringify([version.id, Object.keys(version).sort()]));
  return fields.sort().join();
}
