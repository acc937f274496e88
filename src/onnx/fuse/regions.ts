/**
 * Regions: element-wise operators, and reductions along the same rows, that end in one result.
 *
 * A region grows backwards from its last operator: an operator joins when everything that reads its
 * result is inside. So a region has no way out but its end, and none that leads back into it. LayerNorm,
 * RMSNorm and Softmax are regions in whatever way they are written: mean, difference, square, mean, root and
 * quotient have either the size of the input or one value for each row.
 *
 * Example: ReduceMean -> Sub -> Pow -> ReduceMean -> Add -> Sqrt -> Div -> Mul -> Add, whose Sub has
 * two readers and whose ReduceMean reads what Sub does, is one launch that reads the input once or twice and
 * writes the result. Matching written forms one by one would miss the next exporter's.
 *
 * Growing is generous, so operators that do not fit are put out afterwards, with all that stands before them: values of
 * another size, and rows cut along other dims than those of the first reduction.
 */
import { productOf } from "../../core/product.js";
import type { OperatorId, TensorId } from "../../ir/operator-graph.js";
import type { FusionIndex } from "./fusion-index.js";
import { isReduction, isSameCut, type Rows, rowsAlong, rowsOf } from "./row-operators.js";

/** Most operators of a region: its values are in registers, or in the shared memory of a thread block. */
const MOST_OPERATORS = 32;

/** Longest row whose reduction and further use one thread block does: elements. */
export const LONGEST_ROW = 65_536;

/** Operators whose further operands have an element for each channel, not for each last element. */
const BY_CHANNEL: ReadonlySet<string> = new Set([
  "BatchNormalization",
  "QuantizeLinear",
  "DequantizeLinear",
  "com.microsoft:QuantizeLinear",
  "com.microsoft:DequantizeLinear",
]);

/**
 * Makes regions of what is left, from the end of the model to its beginning; without `rows` of element-wise
 * operators alone.
 *
 * Cost: O(V + E) times the operators of a region.
 */
export function addRegions(index: FusionIndex, withRows: boolean): void {
  const { operators } = index.lowered.graph;
  for (let at = operators.length - 1; at >= 0; at--) {
    const id = operators[at]!.id;
    if (index.isFree(id) && joins(index, id, withRows)) {
      const region = fitting(index, grown(index, id, withRows));
      const rows = region.find((each) => rowsOf(index, each) !== undefined);
      index.add(rows === undefined ? "elements" : "normalization", rows ?? id, region);
    }
  }
}

function joins(index: FusionIndex, id: OperatorId, withRows: boolean): boolean {
  return index.isElementwise(id) || (withRows && rowsOf(index, id) !== undefined);
}

/** The operators that end in `last` alone. Order: descending. */
function grown(index: FusionIndex, last: OperatorId, withRows: boolean): readonly OperatorId[] {
  const members = new Set<OperatorId>([last]);
  const waiting = new Set<OperatorId>();
  const look = (id: OperatorId): void => {
    for (const before of index.operator(id).predecessors) {
      waiting.add(before);
    }
  };
  look(last);
  while (waiting.size > 0 && members.size < MOST_OPERATORS) {
    const id = [...waiting].reduce((most, each) => (each > most ? each : most));
    waiting.delete(id);
    const isIn = index.isFree(id) && joins(index, id, withRows) && index.isReadOnlyBy(id, members);
    if (isIn) {
      members.add(id);
      look(id);
    }
  }
  return [...members];
}

/** What is left of a region without the operators that do not fit, and without what stands before these. */
function fitting(index: FusionIndex, grown: readonly OperatorId[]): readonly OperatorId[] {
  const last = grown.slice(0, 1);
  for (let members = grown; ; ) {
    const region = regionOf(index, members);
    const misfit = members.find((id) => !fits(index, id, region));
    if (misfit === undefined) {
      return last.every((id) => isShort(index, id, region)) ? members : last;
    }
    if (last.includes(misfit)) {
      return last;
    }
    members = without(index, members, misfit);
  }
}

/** Without one operator and without those whose results are then read outside. Order: descending. */
function without(
  index: FusionIndex,
  members: readonly OperatorId[],
  misfit: OperatorId,
): OperatorId[] {
  const kept = new Set<OperatorId>();
  for (const id of members) {
    const isLast = kept.size === 0;
    if (id !== misfit && (isLast || index.isReadOnlyBy(id, kept))) {
      kept.add(id);
    }
  }
  return [...kept];
}

/** The size of whole values, and how they are cut into rows; absent without a row-wise operator. */
interface RegionShape {
  readonly whole: number;
  readonly rows?: Rows;
}

/** Of the largest value that is made or reduced; cut as the last row-wise operator does. */
function shapeOf(index: FusionIndex, members: readonly OperatorId[]): RegionShape {
  let whole = 0;
  let rows: Rows | undefined;
  for (const id of members) {
    const own = rowsOf(index, id);
    whole = Math.max(whole, sizeOfResult(index, id), own === undefined ? 0 : sizeOf(own));
    rows ??= own;
  }
  return rows === undefined ? { whole } : { whole, rows };
}

function sizeOfResult(index: FusionIndex, id: OperatorId): number {
  const result = index.result(id);
  return result === undefined ? 0 : index.size(result);
}

function sizeOf({ outer, length, inner }: Rows): number {
  return outer * length * inner;
}

/** A region with what its operators make: whole values, or one value for each row. */
interface Region extends RegionShape {
  readonly inside: ReadonlySet<OperatorId>;
  /** Operators whose results have one value for each row, all from reductions inside. */
  readonly ofRows: ReadonlySet<OperatorId>;
}

function regionOf(index: FusionIndex, members: readonly OperatorId[]): Region {
  const shape = shapeOf(index, members);
  const count = shape.rows === undefined ? 0 : shape.rows.outer * shape.rows.inner;
  const ofRows = new Set<OperatorId>();
  for (const id of [...members].reverse()) {
    const isOfRows =
      isReduction(index, id) || index.operator(id).predecessors.some((each) => ofRows.has(each));
    if (isOfRows && sizeOfResult(index, id) === count) {
      ofRows.add(id);
    }
  }
  return { ...shape, inside: new Set(members), ofRows };
}

/** Whether an operator makes a whole value or one of rows, of values that are cut as the region's. */
function fits(index: FusionIndex, id: OperatorId, region: Region): boolean {
  const { whole, rows, inside, ofRows } = region;
  const own = rowsOf(index, id);
  if (own === undefined && ofRows.has(id)) {
    return true;
  }
  const isCut =
    own === undefined
      ? sizeOfResult(index, id) === whole
      : rows !== undefined && isSameCut(own, rows) && sizeOf(own) === whole;
  const result = index.dims(index.result(id) as TensorId);
  const isByPlace = own === undefined && !BY_CHANNEL.has(index.operator(id).type);
  return (
    isCut &&
    index.operands(id).every(({ tensor, dims }) => {
      const from = index.producer(tensor);
      if (from === undefined || !inside.has(from)) {
        return true;
      }
      // A gain for each element of a row, or for each channel, is none of the values of rows.
      return isByPlace
        ? isReadInPlace({ dims, isOfRows: ofRows.has(from) }, result, rows)
        : productOf(dims) === whole || (own === undefined && productOf(dims) === 1);
    })
  );
}

/**
 * Whether a value is read at the place of each result, or at its row. One that is neither whole nor of rows
 * does not count: it is a misfit itself.
 */
function isReadInPlace(
  { dims, isOfRows }: { readonly dims: readonly number[]; readonly isOfRows: boolean },
  result: readonly number[],
  rows: Rows | undefined,
): boolean {
  if (!isOfRows || productOf(dims) === productOf(result)) {
    return true;
  }
  const padded = [...new Array<number>(result.length - dims.length).fill(1), ...dims];
  const repeated = result.flatMap((size, axis) => (padded[axis] === size ? [] : [axis]));
  const cut = rowsAlong(result, repeated);
  return rows !== undefined && cut !== undefined && isSameCut(cut, rows);
}

/** Whether the rows are short enough, where whole values are made of them again. */
function isShort(index: FusionIndex, last: OperatorId, { whole, rows }: RegionShape): boolean {
  const isNormalizing = sizeOfResult(index, last) === whole;
  return rows === undefined || !isNormalizing || rows.length <= LONGEST_ROW;
}
