import { row } from "./case-row.js";
import type { OracleCase } from "./operator-oracle.js";

type Range = readonly [number, number];

const U8: Range = [0, 256];
const I8: Range = [-128, 128];
const SCALE: Range = [0.01, 0.05];
const ANY = undefined;

const bytes = (...ranges: readonly (Range | undefined)[]) => ({ ranges, opset: 14 });

/** Products, convolutions and element-wise operators of quantised numbers. */
export const QUANTIZED_CASES: readonly OracleCase[] = [
  row("MatMulInteger", "u8[3,5] u8[5,4]", {}, bytes(U8, U8)),
  row("MatMulInteger", "u8[2,3,5] i8[5,4] u8()=7 i8()=-3", {}, bytes(U8, I8)),
  row("MatMulInteger", "u8[2,3,5] i8[5,4] u8[] i8[4]", {}, bytes(U8, I8, U8, I8)),
  row("MatMulInteger", "u8[3,2,3,5] i8[2,5,4] u8[] i8[]", {}, bytes(U8, I8, U8, I8)),
  row("ConvInteger", "u8[1,2,6,5] u8[3,2,3,2]", {}, bytes(U8, U8)),
  row(
    "ConvInteger",
    "u8[2,4,6,5] u8[6,2,3,2] u8()=9 u8()=120",
    { group: 2, pads: [1, 0, 2, 1], strides: [2, 1], dilations: [1, 2] },
    bytes(U8, U8),
  ),
  row(
    "QLinearMatMul",
    "u8[3,5] f32()=0.03 u8()=120 i8[5,4] f32()=0.02 i8()=3 f32()=0.07 u8()=110",
    {},
    bytes(U8, ANY, ANY, I8),
  ),
  row(
    "QLinearMatMul",
    "i8[2,3,5] f32[] i8[] i8[5,4] f32[] i8[] f32[] i8[]",
    {},
    bytes(I8, SCALE, I8, I8, SCALE, I8, [0.5, 1], I8),
  ),
  row(
    "QLinearConv",
    "u8[1,2,6,5] f32()=0.03 u8()=120 u8[3,2,3,2] f32()=0.02 u8()=99 f32()=0.11 u8()=110 i32[3]",
    { pads: [1, 1, 1, 1] },
    bytes(U8, ANY, ANY, U8, ANY, ANY, ANY, ANY, [-900, 900]),
  ),
  row(
    "QLinearConv",
    "u8[2,4,6,5] f32()=0.03 u8()=120 i8[6,2,3,2] f32[6] i8=0,0,0,0,0,0 f32()=0.11 u8()=110",
    { group: 2, auto_pad: "SAME_UPPER", strides: [2, 1] },
    bytes(U8, ANY, ANY, I8, SCALE),
  ),
  row(
    "QLinearConv",
    "i8[1,2,9] f32()=0.03 i8()=12 i8[3,2,3] f32()=0.02 i8()=0 f32()=0.11 i8()=-11",
    {},
    bytes(I8, ANY, ANY, I8),
  ),
  row(
    "com.microsoft:MatMulIntegerToFloat",
    "u8[3,5] i8[5,4] f32[] f32[4] u8[] i8[4] f32[4]",
    {},
    bytes(U8, I8, SCALE, SCALE, U8, I8),
  ),
  row("DynamicQuantizeLinear", "f32[3,50]", {}, { outputs: 3 }),
  row("DynamicQuantizeLinear", "f32[7]", {}, { outputs: 3, ranges: [[0.5, 2]] }),
  ...["QLinearAdd", "QLinearMul"].map((type) =>
    row(
      `com.microsoft:${type}`,
      "u8[2,3,4] f32()=0.03 u8()=120 u8[3,4] f32()=0.02 u8()=99 f32()=0.0613 u8()=110",
      {},
      bytes(U8, ANY, ANY, U8),
    ),
  ),
  row(
    "com.microsoft:QLinearLeakyRelu",
    "i8[2,9] f32()=0.03 i8()=12 f32()=0.0291 i8()=5",
    { alpha: { f: 0.1 } },
    bytes(I8),
  ),
  row(
    "com.microsoft:QLinearSigmoid",
    "u8[2,9] f32()=0.03 u8()=128 f32()=0.004 u8()=0",
    {},
    bytes(U8),
  ),
  row(
    "com.microsoft:MatMulNBits",
    "f32[3,40] u8[5,3,8] f32[15]",
    { K: 40, N: 5, bits: 4, block_size: 16 },
    { ranges: [undefined, U8, SCALE] },
  ),
  row(
    "com.microsoft:MatMulNBits",
    "f32[2,3,64] u8[6,2,16] f32[12] u8[6]",
    { K: 64, N: 6, bits: 4, block_size: 32 },
    { ranges: [undefined, U8, SCALE, U8] },
  ),
];
