/** Uses of a value as sizes, axes, divisors and settings of an operator. */
import { type Demand, fed, within } from "./demand.js";
import type { UseCall, UseRule } from "./use-call.js";

/** Beyond every size: the end of a slice counts to the end of the axis. */
const TO_THE_END = 2 ** 31 - 1;

/** Boxes per class that detectors keep at most, where an input decides. */
const USUAL_BOXES = 100;

/** 0, 1, ... as many as input `i` has. */
function counted(i: number) {
  return (call: UseCall): Demand | undefined => {
    const count = call.count(i);
    return count === undefined ? undefined : fed(Array.from({ length: count }, (_, at) => at));
  };
}

/** The output's own dims where they are known and as many as input `i` asks for; else those of `usual`. */
function dimsOr(i: number, usual: (count: number) => readonly number[]) {
  return (call: UseCall): Demand | undefined => {
    const count = call.count(i);
    const dims = call.outputDims(0);
    return count === undefined ? undefined : fed(dims?.length === count ? dims : usual(count));
  };
}

const ones = (count: number): readonly number[] => new Array<number>(count).fill(1);

/** Repeats that give the output's size from the input's. */
function repeats(call: UseCall): Demand | undefined {
  const dims = call.dims(0);
  const out = call.outputDims(0);
  return dims === undefined || out === undefined || dims.includes(0)
    ? fed(1)
    : fed(out.map((size, axis) => size / (dims[axis] ?? 1)));
}

/** As far as the axes go, if they are known. */
function sliceEnds(call: UseCall): Demand | undefined {
  const dims = call.dims(0);
  const count = call.count(2) ?? 0;
  const axes = call.has(3) ? call.values(3) : Array.from({ length: count }, (_, at) => at);
  const ends = axes?.map((axis) => dims?.at(axis) ?? TO_THE_END);
  return ends?.length === count ? fed(ends) : fed(TO_THE_END);
}

/** The sizes of the outputs along the axis, where they are known and add up. */
function splitSizes(call: UseCall): Demand | undefined {
  const axis = call.int("axis", 0);
  const sizes = call.node.outputs.map((_, at) => call.outputDims(at)?.at(axis));
  return sizes.every((size) => size !== undefined) ? fed(sizes) : undefined;
}

const NONEMPTY = "zero would leave a tensor without elements";
const ANY_AXIS = "every tensor that has axes has it";
const IN_RANGE = "ONNX Runtime refuses others";

const REDUCTIONS = [
  "ReduceSum",
  "ReduceMean",
  "ReduceMax",
  "ReduceMin",
  "ReduceProd",
  "ReduceL1",
  "ReduceL2",
  "ReduceLogSum",
  "ReduceLogSumExp",
  "ReduceSumSquare",
] as const;

/** The rules, in the order of the documents. */
export const SIZE_USES: readonly UseRule[] = [
  {
    types: ["Div", "Mod"],
    input: 1,
    what: "divisor of integers",
    drawn: "1 and more",
    why: "a division by zero ends the run",
    demand: (call) => (call.isInteger(1) ? within(1, Number.POSITIVE_INFINITY) : undefined),
  },
  {
    types: ["BitShift"],
    input: 1,
    what: "bits",
    drawn: "0 to 7",
    why: "every type of integers has as many",
    demand: () => within(0, 7),
  },
  {
    types: ["Reshape"],
    input: 1,
    what: "shape",
    drawn: "the dims of the output; where they are not known all elements in one dim",
    why: "other numbers of elements are refused",
    demand: dimsOr(1, (count) => ones(count).map((one, at) => (at === 0 ? -1 : one))),
  },
  {
    types: ["Expand"],
    input: 1,
    what: "shape",
    drawn: "the dims of the output; 1 where they are not known",
    why: NONEMPTY,
    demand: dimsOr(1, ones),
  },
  {
    types: ["ConstantOfShape"],
    input: 0,
    what: "shape",
    drawn: "the dims of the output; 1 where they are not known",
    why: NONEMPTY,
    demand: dimsOr(0, ones),
  },
  {
    types: ["Tile"],
    input: 1,
    what: "repeats",
    drawn: "what gives the dims of the output; 1 where they are not known",
    why: NONEMPTY,
    demand: repeats,
  },
  {
    types: ["Range"],
    input: 2,
    what: "step",
    drawn: "1",
    why: "a step of zero ends the run",
    demand: () => within(1, Number.POSITIVE_INFINITY, 1),
  },
  {
    types: ["Range"],
    input: 0,
    what: "start",
    drawn: "0",
    why: "so that numbers are left before the limit",
    demand: () => fed(0),
  },
  {
    types: ["Slice"],
    input: 1,
    what: "starts",
    drawn: "0",
    why: NONEMPTY,
    demand: () => fed(0),
  },
  {
    types: ["Slice"],
    input: 2,
    what: "ends",
    drawn: "the size of the axis",
    why: NONEMPTY,
    demand: sliceEnds,
  },
  {
    types: ["Slice"],
    input: 3,
    what: "axes",
    drawn: "0, 1, ...",
    why: "an axis twice is refused",
    demand: counted(3),
  },
  {
    types: ["Slice"],
    input: 4,
    what: "steps",
    drawn: "1",
    why: "a step of zero ends the run",
    demand: () => within(1, Number.POSITIVE_INFINITY, 1),
  },
  {
    types: ["Split", "SplitToSequence"],
    input: 1,
    what: "sizes of the parts",
    drawn: "the sizes of the outputs; where they are not known 1",
    why: "they have to add up to the size of the axis",
    demand: (call) => splitSizes(call) ?? fed(1),
  },
  {
    types: ["TopK"],
    input: 1,
    what: "number of entries",
    drawn: "the size of the output; where it is not known 1",
    why: "more than the size of the axis are refused",
    demand: (call) => {
      const axis = call.int("axis", -1);
      return within(0, call.size(0, axis) ?? 1, call.outputDims(0)?.at(axis) ?? 1);
    },
  },
  {
    types: ["Unsqueeze", "Squeeze", ...REDUCTIONS],
    input: 1,
    what: "axes",
    drawn: "0, 1, ...",
    why: "an axis twice is refused",
    demand: counted(1),
  },
  {
    types: ["CumSum", "com.microsoft:ExpandDims"],
    input: 1,
    what: "axis",
    drawn: "0",
    why: ANY_AXIS,
    demand: () => fed(0),
  },
  {
    types: ["Pad", "com.microsoft:Pad"],
    input: 1,
    what: "pads",
    drawn: "0",
    why: "the size stays as it is",
    demand: () => fed(0),
  },
  {
    types: ["Trilu"],
    input: 1,
    what: "diagonal",
    drawn: "0",
    why: "the main diagonal is what masks are made of",
    demand: () => fed(0),
  },
  {
    types: ["Resize"],
    input: 2,
    what: "scales",
    drawn: "1",
    why: "the size stays as it is, and scales of zero and below are refused",
    demand: () => within(Number.MIN_VALUE, Number.POSITIVE_INFINITY, 1),
  },
  {
    types: ["Resize"],
    input: 3,
    what: "sizes",
    drawn: "the dims of the output; where they are not known those of the input",
    why: NONEMPTY,
    demand: (call) => {
      const dims = call.outputDims(0) ?? call.dims(0);
      return dims === undefined ? fed(1) : fed(dims);
    },
  },
  {
    types: ["Upsample"],
    input: 1,
    what: "scales",
    drawn: "1",
    why: "the size stays as it is, and scales below 1 are refused",
    demand: () => within(1, Number.POSITIVE_INFINITY, 1),
  },
  {
    types: ["Dropout"],
    input: 1,
    what: "ratio",
    drawn: "0.5",
    why: IN_RANGE,
    demand: () => within(0, 1, 0.5),
  },
  {
    types: ["Dropout"],
    input: 2,
    what: "training mode",
    drawn: "0",
    why: "models are run, not trained",
    demand: () => fed(0),
  },
  {
    types: ["NonMaxSuppression"],
    input: 2,
    what: "boxes per class",
    drawn: `as many as there are, ${USUAL_BOXES} at most`,
    why: "a single one would leave out the work on the others",
    demand: (call) => fed(Math.min(USUAL_BOXES, call.size(0, 1) ?? USUAL_BOXES)),
  },
  {
    types: ["NonMaxSuppression"],
    input: 3,
    what: "overlap",
    drawn: "0.5",
    why: IN_RANGE,
    demand: () => within(0, 1, 0.5),
  },
  {
    types: ["NonMaxSuppression"],
    input: 4,
    what: "least score",
    drawn: "0",
    why: "scores are seldom below",
    demand: () => fed(0),
  },
];
