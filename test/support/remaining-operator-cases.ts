import { row } from "./case-row.js";
import type { OracleCase } from "./operator-oracle.js";

const SILU_GROUPS = { groups: 2, activation: 1, channels_last: 1 };

/** Further names of operators, older versions, and what is a view but for an input that only the run knows. */
export const REMAINING_CASES: readonly OracleCase[] = [
  row("CastLike", "f32[3,5] i32[2]", {}, { opset: 19, ranges: [[-9, 9]] }),
  row("CastLike", "i64[3,5] f32[1]", {}, { opset: 15, ranges: [[-9, 9]] }),
  row("Swish", "f32[3,7]", {}, { opset: 24 }),
  row("Swish", "f32[3,7]", { alpha: { f: 0.5 } }, { opset: 24 }),
  row("Scatter", "f32[9] i64=7,0,5 f32[3]", { axis: 0 }, { opset: 9 }),
  row("Dropout", "f32[3,5] f32[]", {}, { opset: 13, ranges: [undefined, [0, 0.9]] }),
  row("Reshape", "f32[4] i64[2]", {}, { declared: ["f32[2,2]"], ranges: [undefined, [2, 3]] }),
  row("Squeeze", "f32[2,1,3] i64[1]", {}, { declared: ["f32[2,3]"], ranges: [undefined, [1, 2]] }),
  row(
    "Unsqueeze",
    "f32[2,3] i64[1]",
    {},
    { declared: ["f32[2,1,3]"], ranges: [undefined, [1, 2]] },
  ),
  row("com.microsoft:BiasAdd", "f32[2,9,320] f32[320] f32[2,9,320]"),
  row("com.microsoft:BiasQuickGelu", "f32[2,5,8] f32[8]"),
  row("com.microsoft:QuantizeLinear", "f32[2,3,4] f32()=0.02 u8()=128", {}, { ranges: [[-4, 4]] }),
  row(
    "com.microsoft:DequantizeLinear",
    "u8[2,3,4] f32()=0.02 u8()=128",
    {},
    { ranges: [[0, 256]] },
  ),
  row("com.microsoft:GatherND", "f32[2,3,4] i64[5,2]", {}, { ranges: [undefined, [0, 2]] }),
  row("com.microsoft:GridSample", "f32[2,2,5,4] f32[2,3,6,2]", {}),
  row("com.microsoft:GroupNorm", "f32[2,3,3,8] f32[8] f32[8]", SILU_GROUPS),
  row("com.microsoft:SkipGroupNorm", "f32[2,3,3,8] f32[8] f32[8] f32[2,3,3,8] f32[8]", SILU_GROUPS),
  row("com.microsoft:SkipGroupNorm", "f32[1,4,5,6] f32[6] f32[6] f32[1,4,5,6]", SILU_GROUPS),
  row("com.microsoft:LayerNormalization", "f32[2,5,8] f32[8] f32[8]"),
  row("com.microsoft:SimplifiedLayerNormalization", "f32[2,8] f32[8]"),
  row("com.microsoft:TransposeMatMul", "f32[5,3,2] f32[5,3,4]", { transA: 1 }),
  row("com.microsoft:TransposeMatMul", "f32[3,2] f32[4,2]", { transB: 1, alpha: { f: 0.5 } }),
  row("com.microsoft:Trilu", "f32[2,4,5]", { upper: 0 }),
];
