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
];
