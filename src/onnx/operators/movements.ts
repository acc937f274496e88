/** Operators that move, look up, convert, scatter or choose elements. */
import { cast, castLike } from "../evaluate/elementwise.js";
import * as evaluate from "../evaluate/layout.js";
import * as bounds from "../infer/bounds.js";
import { reorderInput, reorderOutput } from "../infer/channel-order.js";
import * as elements from "../infer/elementwise.js";
import * as lookups from "../infer/indexing.js";
import * as shapes from "../infer/reshaping.js";
import * as cuts from "../infer/slicing.js";
import { perElement } from "../work/elementwise.js";
import { none } from "../work/movement.js";
import * as work from "../work/reductions.js";
import { alike, type OperatorTable } from "./operator-type.js";
import * as views from "./view-rules.js";

const SHAPES: OperatorTable = {
  Identity: {
    form: "movement",
    infer: elements.likeFirst,
    work: none,
    evaluate: evaluate.same,
    view: views.always,
    keepsNumbers: true,
  },
  Reshape: {
    form: "movement",
    infer: shapes.reshape,
    work: none,
    evaluate: evaluate.same,
    view: views.always,
    keepsNumbers: true,
  },
  Flatten: {
    form: "movement",
    infer: shapes.flatten,
    work: none,
    evaluate: evaluate.same,
    view: views.always,
    keepsNumbers: true,
  },
  Squeeze: {
    form: "movement",
    infer: shapes.squeeze,
    work: none,
    evaluate: evaluate.same,
    view: views.always,
    keepsNumbers: true,
  },
  Unsqueeze: {
    form: "movement",
    infer: shapes.unsqueeze,
    work: none,
    evaluate: evaluate.same,
    view: views.always,
    keepsNumbers: true,
  },
  Transpose: {
    form: "movement",
    infer: shapes.transpose,
    work: none,
    evaluate: evaluate.transpose,
    view: views.isTransposeTrivial,
    keepsNumbers: true,
  },
  Expand: {
    form: "movement",
    infer: shapes.expand,
    work: none,
    evaluate: evaluate.expand,
    view: views.sameDims,
  },
  Tile: {
    form: "movement",
    infer: shapes.tile,
    work: none,
    evaluate: evaluate.tile,
    view: views.sameDims,
  },
  "com.microsoft:ExpandDims": {
    form: "movement",
    infer: shapes.expandDims,
    work: none,
    evaluate: evaluate.same,
    view: views.always,
    keepsNumbers: true,
  },
  "com.microsoft.nchwc:ReorderInput": { form: "movement", infer: reorderInput, work: none },
  "com.microsoft.nchwc:ReorderOutput": {
    form: "movement",
    infer: reorderOutput,
    work: none,
  },
  DepthToSpace: { form: "movement", infer: shapes.depthToSpace, work: none },
  SpaceToDepth: { form: "movement", infer: shapes.spaceToDepth, work: none },
  Shape: { form: "movement", infer: shapes.shape, work: none },
  Size: { form: "movement", infer: shapes.size, work: none },
  ReverseSequence: { form: "movement", infer: elements.likeFirst, work: none },
  Trilu: {
    form: "movement",
    infer: elements.likeFirst,
    work: none,
    evaluate: evaluate.trilu,
  },
  "com.microsoft:Trilu": { form: "movement", infer: elements.likeFirst, work: none },
  Cast: {
    form: "movement",
    infer: elements.cast,
    work: none,
    evaluate: cast,
    view: views.isCastTrivial,
    keepsNumbers: true,
  },
  BitCast: { form: "movement", infer: elements.bitCast, work: none },
  CastLike: {
    form: "movement",
    infer: elements.castLike,
    work: none,
    evaluate: castLike,
    view: views.isCastTrivial,
  },
  Dropout: {
    form: "movement",
    infer: elements.dropout,
    work: none,
    evaluate: evaluate.firstOnly,
    view: views.isDropoutInert,
    drawsUnder: 2,
  },
};

const CUTS: OperatorTable = {
  Slice: {
    form: "movement",
    infer: cuts.slice,
    bound: bounds.wholeInput,
    work: none,
    evaluate: evaluate.slice,
    view: views.isSliceWhole,
    readsPart: true,
  },
  Split: { form: "movement", infer: cuts.split, work: none, evaluate: evaluate.split },
  Concat: {
    form: "movement",
    infer: cuts.concat,
    work: none,
    evaluate: evaluate.concat,
    view: views.hasOneInput,
    isJoin: true,
  },
  "com.microsoft:QLinearConcat": {
    form: "movement",
    infer: cuts.qLinearConcat,
    work: none,
    readsQuantized: true,
  },
  Pad: {
    form: "movement",
    infer: cuts.pad,
    work: none,
    evaluate: evaluate.pad,
    view: views.sameDims,
  },
  CenterCropPad: { form: "movement", infer: cuts.centerCropPad, work: none },
};

/** Memory is planned before anything runs. */
const SIZE_UNKNOWN =
  "the size of its output depends on what is computed, and memory is planned before";

const LOOKUPS: OperatorTable = {
  Gather: {
    form: "movement",
    infer: lookups.gather,
    work: none,
    evaluate: evaluate.gather,
    readsPart: true,
  },
  GatherElements: {
    form: "movement",
    infer: lookups.gatherElements,
    work: none,
    readsPart: true,
  },
  GatherND: {
    form: "movement",
    infer: lookups.gatherNd,
    work: none,
    evaluate: evaluate.gatherNd,
    readsPart: true,
  },
  "com.microsoft:GatherND": {
    form: "movement",
    infer: lookups.gatherNd,
    work: none,
    readsPart: true,
  },
  "com.microsoft:GatherBlockQuantized": {
    form: "movement",
    infer: lookups.gatherBlocks,
    work: perElement(2),
    readsPart: true,
    readsQuantized: true,
    places: [1],
    packs: { inputs: [0, 3], bits: "bits" },
  },
  ...alike("Scatter TensorScatter", { form: "movement", infer: elements.likeFirst, work: none }),
  ScatterElements: {
    form: "movement",
    infer: elements.likeFirst,
    work: work.scatter,
    evaluate: evaluate.scatterElements,
  },
  ScatterND: {
    form: "movement",
    infer: elements.likeFirst,
    work: work.scatter,
    evaluate: evaluate.scatterNd,
  },
  "com.microsoft:NGramRepeatBlock": { form: "movement", infer: lookups.likeScores, work: none },
  OneHot: { form: "movement", infer: lookups.oneHot, work: none },
  NonZero: {
    form: "choice",
    infer: lookups.nonZero,
    bound: bounds.allElements,
    work: work.perInput(1),
    evaluate: evaluate.nonZero,
    isSizedByData: true,
    gpuRefusal: SIZE_UNKNOWN,
  },
  NonMaxSuppression: {
    form: "choice",
    infer: lookups.nonMaxSuppression,
    bound: bounds.selectedBoxes,
    work: work.nonMaxSuppression,
    isSizedByData: true,
    gpuRefusal: SIZE_UNKNOWN,
  },
  Unique: {
    form: "choice",
    infer: lookups.unique,
    bound: bounds.allAlongAxis,
    work: work.sorted,
    isSizedByData: true,
    gpuRefusal: SIZE_UNKNOWN,
  },
  Compress: {
    form: "choice",
    infer: lookups.compress,
    bound: bounds.allAlongAxis,
    work: work.perInput(0),
    readsPart: true,
    isSizedByData: true,
    gpuRefusal: SIZE_UNKNOWN,
  },
};

/** Rows of the operators that move. */
export const MOVEMENTS: OperatorTable = { ...SHAPES, ...CUTS, ...LOOKUPS };
