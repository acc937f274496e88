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
 * Adds what is wrong with the choices of a document: names that are not unique or not known, also of devices, options that do
 * not change the same fields of the same blocks, and blocks of two choices.
 */
export function choiceProblems(spec: PlacementSpec, problems: JsonProblem[]): void {
  const names = new Set<string>();
  const taken = new Set<string>();
  const report = (pointer: string, message: string): void => {
    problems.push({ pointer, message });
  };
  const known: KnownNames = {
    blocks: new Set(spec.blocks.map(({ id }) => id)),
    devices: new Set(spec.devices.map(({ name }) => name)),
  };
  for (const [at, choice] of spec.choices.entries()) {
    const { name, options, chosen } = choice;
    const pointer = `/choices/${at}`;
    if (names.has(name)) {
      report(`${pointer}/name`, `"${name}" is there already`);
    }
    names.add(name);
    if (chosen !== undefined && options.every((option) => option.name !== chosen)) {
      report(`${pointer}/chosen`, `"${chosen}" is not the name of an option`);
    }
    optionProblems(choice, known, (within, message) => report(`${pointer}${within}`, message));
    for (const { id } of options[0]?.blocks ?? []) {
      if (taken.has(id)) {
        report(`${pointer}/options/0/blocks`, `"${id}" is a block of another choice, or twice`);
      }
      taken.add(id);
    }
  }
}

interface KnownNames {
  readonly blocks: ReadonlySet<string>;
  readonly devices: ReadonlySet<string>;
}

function optionProblems(
  { options }: ChoiceSpec,
  known: KnownNames,
  report: (pointer: string, message: string) => void,
): void {
  const first = fieldsOf(options[0]?.blocks ?? []);
  for (const [number, option] of options.entries()) {
    const place = `/options/${number}`;
    if (options.findIndex((each) => each.name === option.name) < number) {
      report(`${place}/name`, `"${option.name}" is there already`);
    }
    for (const [at, { devices = [] }] of option.blocks.entries()) {
      const device = devices.findIndex((each) => !known.devices.has(each));
      if (device !== -1) {
        const message = `"${devices[device]}" is not the name of a device`;
        report(`${place}/blocks/${at}/devices/${device}`, message);
      }
    }
    const unknown = option.blocks.find(({ id }) => !known.blocks.has(id));
    if (unknown !== undefined) {
      report(`${place}/blocks`, `"${unknown.id}" is not the id of a block`);
    } else if (fieldsOf(option.blocks) !== first) {
      report(`${place}/blocks`, "do not change the same fields of the same blocks as the first");
    }
  }
}

/** Which fields of which blocks are changed, in an order of their own. */
function fieldsOf(blocks: readonly VersionSpec[]): string {
  const fields = blocks.map((version) => JSON.stringify([version.id, Object.keys(version).sort()]));
  return fields.sort().join();
}
