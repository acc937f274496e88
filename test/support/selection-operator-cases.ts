import { row } from "./case-row.js";
import type { OracleCase } from "./operator-oracle.js";

const TWO = { outputs: 2 } as const;
/** Several rounds need more than 1024 elements a row, each of which is compared with all others. */
const LARGE = { seeds: 1 } as const;
const REDUCTIONS = ["add", "mul", "min", "max"];

/** Operators that choose elements by size, and that put several of them in one place. */
export const SELECTION_CASES: readonly OracleCase[] = [
  row("TopK", "f32[3,9] i64=4", {}, TWO),
  row("TopK", "f32[3,9] i64=9", { largest: 0 }, TWO),
  row("TopK", "f32[2,7,3] i64=2", { axis: 1 }, TWO),
  row("TopK", "f32[2,7,3] i64=3", { axis: 0 - 2, largest: 0 }, TWO),
  row("TopK", "i64[2,40] i64=5", {}, { ...TWO, ranges: [[0, 4]] }),
  row("TopK", "i32[1,1100] i64=3", {}, { ...TWO, ...LARGE, ranges: [[0, 9]] }),
  row("TopK", "f32[1,1050] i64=520", {}, { ...TWO, ...LARGE }),
  row("TopK", "f32[1,1030,2] i64=2", { axis: 1, largest: 0 }, { ...TWO, ...LARGE }),
  row("TopK", "f32[3,9]", { k: 4 }, { ...TWO, opset: 9 }),
  ...REDUCTIONS.flatMap((reduction) => [
    row(
      "ScatterElements",
      "f32[5,4] i64[9,3] f32[9,3]",
      { reduction },
      { opset: 18, ranges: [undefined, [-5, 5]] },
    ),
    row(
      "ScatterElements",
      "i32[2,4,3] i64[2,7,3] i32[2,7,3]",
      { reduction, axis: -2 },
      {
        opset: 18,
        ranges: [
          [-9, 9],
          [-4, 4],
          [-9, 9],
        ],
      },
    ),
    row(
      "ScatterND",
      "f32[3,4,5] i64[6,1,2] f32[6,1,5]",
      { reduction },
      { opset: 18, ranges: [undefined, [-3, 3]] },
    ),
    row(
      "ScatterND",
      "i64[7] i64[20,1] i64[20]",
      { reduction },
      {
        opset: 18,
        ranges: [
          [-9, 9],
          [0, 7],
          [-2, 3],
        ],
      },
    ),
  ]),
  row(
    "ScatterND",
    "f32[5,4] i64[1,1] f32[1,4]",
    { reduction: "none" },
    { ranges: [undefined, [0, 5]] },
  ),
];
