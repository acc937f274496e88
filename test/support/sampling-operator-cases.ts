import { row } from "./case-row.js";
import type { OracleCase } from "./operator-oracle.js";

const GRID = { opset: 16, ranges: [undefined, [-1.4, 1.4]] } as const;
const PADDINGS = ["zeros", "border", "reflection"];

/** Operators that read between elements, at places that the model computes. */
export const SAMPLING_CASES: readonly OracleCase[] = [
  ...["bilinear", "nearest", "bicubic"].flatMap((mode) =>
    PADDINGS.flatMap((padding_mode) =>
      [0, 1].map((align_corners) =>
        row(
          "GridSample",
          "f32[2,2,5,4] f32[2,3,6,2]",
          { mode, padding_mode, align_corners },
          { ...GRID, tolerance: 5e-5 },
        ),
      ),
    ),
  ),
  row("GridSample", "f32[1,2,3,4,5] f32[1,2,3,4,3]", {}, { ...GRID, opset: 20 }),
  row(
    "GridSample",
    "f32[1,2,3,4,5] f32[1,2,3,4,3]",
    { mode: "nearest", padding_mode: "border" },
    { ...GRID, opset: 20 },
  ),
  ...[
    { output_height: 3, output_width: 2, sampling_ratio: 2 },
    { output_height: 2, output_width: 2, mode: "max", sampling_ratio: 2 },
    {
      output_height: 2,
      output_width: 3,
      coordinate_transformation_mode: "output_half_pixel",
      spatial_scale: { f: 0.5 },
    },
  ].map((attributes) =>
    row("RoiAlign", "f32[2,3,9,8] f32[4,4] i64[4]", attributes, {
      opset: 16,
      ranges: [undefined, [-2, 12], [0, 2]],
    }),
  ),
  row(
    "RoiAlign",
    "f32[1,2,9,8] f32[3,4] i64=0,0,0",
    {},
    { opset: 10, ranges: [undefined, [0, 9]] },
  ),
  row("CumProd", "f32[2,9,3] i64()=1", { exclusive: 1 }, { opset: 26 }),
  row("GlobalLpPool", "f32[2,3,5,7]"),
  row("GlobalLpPool", "f32[2,3,5,7]", { p: 1 }),
];
