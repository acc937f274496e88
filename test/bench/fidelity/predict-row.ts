import { kernelsOf } from "../../../src/cost/kernels/operator-kernels.js";
import { lowerCase } from "../../support/operator-models.js";
import { caseOf } from "./case-of-row.js";
import { deviceOf, type MeasuredRow } from "./measured.js";

/** A measured operator with what the model says of it. */
export interface Comparison {
  readonly row: MeasuredRow;
  readonly family: string;
  readonly predictedUs: number;
}

/** The prediction for a measured operator, through the reading and lowering that models go through. */
export async function predictRow(row: MeasuredRow): Promise<Comparison> {
  const library = row.note === "tuned" ? "tuned" : "cudnn";
  const device = { ...deviceOf(row.device), library } as const;
  const lowered = await lowerCase(caseOf(row));
  const [operator] = lowered.graph.operators;
  if (operator === undefined) {
    throw new Error(`${row.operator} is no operator`);
  }
  const kernels = kernelsOf(operator, lowered, device, row.type === "tf32" ? "tf32" : "ieee");
  const gaps = (kernels.length - 1) * device.launchGapNs;
  const ns = kernels.reduce((sum, kernel) => sum + kernel.durationNs, gaps);
  return { row, family: familyOf(row), predictedUs: ns / 1000 };
}

const NAMES: Readonly<Record<string, string>> = {
  gemm: "matrix product",
  linear: "matrix product",
  bmm: "batched product",
  avgpool: "pooling",
  pooling: "pooling",
  ln: "layer normalization",
  softmax: "softmax",
  reduce: "reduction",
  reducesum: "reduction",
  depthwise: "depthwise convolution",
};

/** Convolutions of small and of large batches are apart, and so are tuned kernels. */
export function familyOf({ operator, sizes, note }: MeasuredRow): string {
  const size = (sizes["n"] ?? 1) <= 8 ? "batch 1 to 8" : "batch above 8";
  const name = operator === "conv" ? `convolution, ${size}` : (NAMES[operator] ?? "element-wise");
  const random = note === "random sizes" ? ", random sizes" : "";
  return `${name}${random}${note === "tuned" ? ", tuned" : ""}`;
}
