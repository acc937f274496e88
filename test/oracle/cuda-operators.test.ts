/**
 * The code of every operator that runs on a GPU, evaluated thread by thread on the CPU, against ONNX
 * Runtime, quantized operators and those it has no CPU kernel for against their definitions: same inputs, same outputs. Memory that no
 * thread writes stays NaN and shows.
 */
import { describe, expect, it } from "vitest";
import { ATTENTION_CASES } from "../support/attention-operator-cases.js";
import {
  ELEMENTWISE_CASES,
  MOVEMENT_CASES,
  RECURRENT_CASES,
  ROW_CASES,
  WINDOW_CASES,
} from "../support/device-operator-cases.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { compareWithRuntime, type OracleCase } from "../support/operator-oracle.js";
import { QUANTIZED_CASES } from "../support/quantized-operator-cases.js";
import { REMAINING_CASES } from "../support/remaining-operator-cases.js";
import { SAMPLING_CASES } from "../support/sampling-operator-cases.js";
import { SELECTION_CASES } from "../support/selection-operator-cases.js";

const FAMILIES: Readonly<Record<string, readonly OracleCase[]>> = {
  "element-wise": ELEMENTWISE_CASES,
  movement: MOVEMENT_CASES,
  row: ROW_CASES,
  "window and product": WINDOW_CASES,
  recurrent: RECURRENT_CASES,
  selection: SELECTION_CASES,
  attention: ATTENTION_CASES,
  sampling: SAMPLING_CASES,
  quantized: QUANTIZED_CASES,
  remaining: REMAINING_CASES,
};

const USUAL_SEEDS = 2;

describe.skipIf(SKIP_REASON !== undefined).each(Object.entries(FAMILIES))(
  "%s operators",
  (_, cases) => {
    it.each(cases.map((each) => [titleOf(each), each] as const))(
      "%s gives what it must",
      async (_title, each) => {
        for (let seed = 1; seed <= (each.seeds ?? USUAL_SEEDS); seed++) {
          const { problems, elements } = await compareWithRuntime(each, seed);
          expect(problems).toEqual([]);
          expect(elements).toBeGreaterThan(0);
        }
      },
    );
  },
);

function titleOf({ type, inputs, attributes, opset }: OracleCase): string {
  return `${type}-${opset} ${inputs} ${JSON.stringify(attributes ?? {})}`;
}
