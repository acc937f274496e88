/** Quantizing, and element-wise operators on quantized elements. */
import { likeFirst } from "../infer/elementwise.js";
import * as infer from "../infer/quantization.js";
import { perElement } from "../work/elementwise.js";
import { none } from "../work/movement.js";
import { alike, type OperatorTable } from "./operator-type.js";

/** Rows of the operators that quantize. */
export const QUANTIZATIONS: OperatorTable = {
  ...alike("QuantizeLinear com.microsoft:QuantizeLinear", {
    form: "element",
    infer: infer.quantize,
    work: perElement(4),
  }),
  ...alike("DequantizeLinear com.microsoft:DequantizeLinear", {
    form: "element",
    infer: infer.dequantize,
    work: perElement(2),
    readsQuantized: true,
    keepsNumbers: true,
  }),
  DynamicQuantizeLinear: { form: "element", infer: infer.dynamicQuantize, work: perElement(6) },
  ...alike("com.microsoft:QLinearAdd com.microsoft:QLinearMul", {
    form: "element",
    infer: infer.quantizedBinary,
    work: perElement(9),
    readsQuantized: true,
  }),
  ...alike("com.microsoft:QLinearLeakyRelu com.microsoft:QLinearSigmoid", {
    form: "element",
    infer: likeFirst,
    work: perElement(10),
    readsQuantized: true,
  }),
  "com.microsoft:QLinearWhere": {
    form: "movement",
    infer: infer.quantizedWhere,
    work: none,
    readsQuantized: true,
  },
};
