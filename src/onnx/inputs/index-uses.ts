/** Uses of a value as indices: the table that they point into bounds them. */
import { type Demand, fed, indexInto } from "./demand.js";
import type { UseCall, UseRule } from "./use-call.js";

const ROWS = "an index outside of the table ends the run";

/** The bound of a rule whose input points along `axis` of the table at input `table`. */
function along(table: number, axis: (call: UseCall) => number) {
  return (call: UseCall): Demand | undefined => indexInto(call.size(table, axis(call)));
}

const axisOf = (call: UseCall): number => call.int("axis", 0);
const first = (): number => 0;

/** The smallest of the sizes that index tuples point into: sound for every one of their columns. */
function smallestPointedInto(call: UseCall): Demand | undefined {
  const data = call.dims(0);
  const columns = call.size(1, -1);
  if (data === undefined || columns === undefined) {
    return undefined;
  }
  const from = call.int("batch_dims", 0);
  const sizes = data.slice(from, from + columns);
  return sizes.length === 0 ? undefined : indexInto(Math.min(...sizes));
}

/** Rotary embeddings: positions are rows of the table; a single one is the first of a sequence. */
function rotaryRows(table: number, positions: number, queries: number) {
  return (call: UseCall): Demand | undefined => {
    const rows = call.size(table, 0);
    const queryDims = call.dims(queries);
    const isOffset = call.count(positions) === 1 && queryDims !== undefined;
    const length = isOffset ? (queryDims.at(queryDims.length === 4 ? 2 : 1) ?? 1) : 1;
    return rows === undefined ? undefined : indexInto(Math.max(1, rows - length + 1));
  };
}

const EMBED = [
  "com.microsoft:EmbedLayerNormalization",
  "com.microsoft:QEmbedLayerNormalization",
] as const;

/** The rules, in the order of the documents. */
export const INDEX_USES: readonly UseRule[] = [
  {
    types: ["Gather", "GatherElements"],
    input: 1,
    what: "indices",
    drawn: "0 to the size of the axis less 1",
    why: ROWS,
    demand: along(0, axisOf),
  },
  {
    types: ["com.microsoft:GatherBlockQuantized"],
    input: 1,
    what: "indices",
    drawn: "0 to the size of the axis less 1",
    why: ROWS,
    demand: along(0, (call) => call.int("gather_axis", 0)),
  },
  {
    types: ["Scatter", "ScatterElements"],
    input: 1,
    what: "indices",
    drawn: "0 to the size of the axis less 1",
    why: ROWS,
    demand: along(0, axisOf),
  },
  {
    types: ["GatherND", "ScatterND", "com.microsoft:GatherND"],
    input: 1,
    what: "index tuples",
    drawn: "0 to the smallest size that they point into less 1",
    why: ROWS,
    demand: smallestPointedInto,
  },
  {
    types: ["OneHot"],
    input: 0,
    what: "indices",
    drawn: "0 to the depth less 1",
    why: "others give rows without a one",
    demand: (call) => indexInto(call.values(1)?.[0]),
  },
  {
    types: EMBED,
    input: 0,
    what: "token ids",
    drawn: "0 to the rows of the word table less 1",
    why: ROWS,
    demand: along(2, first),
  },
  {
    types: EMBED,
    input: 1,
    what: "segment ids",
    drawn: "0",
    why: "one sentence, and every table has that row",
    demand: () => fed(0),
  },
  {
    types: ["com.microsoft:EmbedLayerNormalization"],
    input: 8,
    what: "position ids",
    drawn: "0 to the rows of the position table less 1",
    why: ROWS,
    demand: along(3, first),
  },
  {
    types: ["RotaryEmbedding"],
    input: 3,
    what: "position ids",
    drawn: "0 to the rows of the caches less 1",
    why: ROWS,
    demand: rotaryRows(1, 3, 0),
  },
  {
    types: ["com.microsoft:RotaryEmbedding"],
    input: 1,
    what: "position ids",
    drawn: "0 to the rows of the caches less 1; a single one so that the sequence fits",
    why: ROWS,
    demand: rotaryRows(2, 1, 0),
  },
  {
    types: ["com.microsoft:GroupQueryAttention"],
    input: 9,
    what: "position ids",
    drawn: "0 to the rows of the caches less 1",
    why: ROWS,
    demand: along(7, first),
  },
  {
    types: ["RoiAlign", "com.microsoft:CropAndResize"],
    input: 2,
    what: "batch indices",
    drawn: "0 to the batch less 1",
    why: ROWS,
    demand: along(0, first),
  },
  {
    types: ["NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"],
    input: 1,
    what: "classes",
    drawn: "0 to the number of classes less 1",
    why: ROWS,
    demand: along(0, () => 1),
  },
  {
    types: ["MaxUnpool"],
    input: 1,
    what: "places",
    drawn: "0 to the elements of the input less 1",
    why: "the output has at least as many elements, and others end the run",
    demand: (call) => indexInto(call.count(0)),
  },
  {
    types: ["SequenceAt", "SequenceErase"],
    input: 1,
    what: "position",
    drawn: "0",
    why: "a sequence has a first item more often than any other",
    demand: () => fed(0),
  },
  {
    types: ["SequenceInsert"],
    input: 2,
    what: "position",
    drawn: "0",
    why: "valid in an empty sequence too",
    demand: () => fed(0),
  },
];
