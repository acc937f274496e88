import type { CaseAttribute } from "./operator-models.js";
import type { OracleCase } from "./operator-oracle.js";

type Attributes = Readonly<Record<string, CaseAttribute>>;

/** A case of one output and operator set 17 unless said otherwise. */
export function row(
  type: string,
  inputs: string,
  attributes: Attributes = {},
  rest: Partial<
    Pick<OracleCase, "declared" | "opset" | "outputs" | "ranges" | "seeds" | "tolerance">
  > = {},
): OracleCase {
  return { type, inputs, attributes, opset: 17, outputs: 1, ...rest };
}
