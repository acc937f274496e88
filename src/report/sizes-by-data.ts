import { counted, formatName } from "../core/format.js";
import { someOf } from "../core/some-of.js";
import type { DataSize } from "../onnx/data-sizes.js";

/**
 * Tensors whose sizes depend on data, with the sizes that times are of: `1 tensor, as in a run: boxes [7,
 * 3]`; `undefined`: none.
 */
export function sizesByData(sizes: readonly DataSize[] | undefined): string | undefined {
  const parts = [
    ["as in a run", sizes?.filter(({ source }) => source === "run") ?? []],
    ["at most", sizes?.filter(({ source }) => source === "bound") ?? []],
  ] as const;
  const texts = parts.flatMap(([what, some]) => {
    const shown = some.map(({ tensor, dims }) => `${formatName(tensor)} [${dims.join(", ")}]`);
    return some.length === 0
      ? []
      : [`${counted(some.length, "tensor")}, ${what}: ${someOf(shown)}`];
  });
  return texts.length === 0 ? undefined : texts.join("; ");
}

/** The same as a line of a report with the blank line behind it; nothing where there are none. */
export function linesByData(sizes: readonly DataSize[] | undefined): readonly string[] {
  const text = sizesByData(sizes);
  return text === undefined ? [] : [`by data    ${text}`, ""];
}
