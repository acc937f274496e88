import type { Failure, Failures } from "../../core/failure.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { ValueInfo } from "../../onnx/model.js";
import { inputDimConflict } from "./failures.js";
import type { GivenTensor } from "./given-inputs.js";

/**
 * The sizes that given inputs give to dynamic dims, under the names that `--dim` has for them: the dim's
 * own name, else `INPUT[AXIS]`. Those that the options give already are left out.
 *
 * Requires: the inputs have the ranks and fixed sizes that are declared.
 * Fails: `input-shape-differs` where an option or another input gives another size.
 */
export function dimsOfInputs(
  inputs: readonly GivenTensor[],
  declared: readonly ValueInfo[],
  options: ReadonlyMap<string, number>,
): Result<ReadonlyMap<string, number>> {
  const found = new Map<string, { readonly size: number; readonly from: string }>();
  const problems: Failure[] = [];
  for (const { name, file, dims } of inputs) {
    const sizes = declared.find((each) => each.name === name)?.dims;
    dims.forEach((size, axis) => {
      const dim = sizes === undefined ? undefined : sizes[axis];
      if (typeof dim === "number") {
        return;
      }
      const place = `${name}[${axis}]`;
      const key = dim ?? place;
      const option = options.get(key) ?? options.get(place);
      const before =
        option === undefined ? found.get(key) : { size: option, from: `--dim ${key}=${option}` };
      if (before !== undefined && before.size !== size) {
        const { size: there, from } = before;
        problems.push(inputDimConflict(name, file, key, { here: size, there, from }));
      } else if (before === undefined) {
        found.set(key, { size, from: file });
      }
    });
  }
  return problems.length > 0
    ? fail(problems as unknown as Failures)
    : ok(new Map([...found].map(([key, { size }]) => [key, size])));
}
