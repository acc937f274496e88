/**
 * What width costs: a kernel that many other streams wait for, or that waits for many, starts others or itself
 * later than after one event. One stream that waits for one is the event itself.
 *
 * It is measured as forks into so many streams and their joins, together; how it divides between the two is not
 * known, and half each is taken.
 */
import { list, object } from "../core/json-containers.js";
import { integer, type JsonProblem, type Shape } from "../core/json-shape.js";

/** A width, and what each of fork and join costs there. */
export interface WidthCost {
  /** Other streams that wait for a kernel, or that a kernel waits for. */
  readonly streams: number;
  /** Besides the event. */
  readonly ns: number;
}

/** Most widths that a device model has. */
const MOST = 64;

/** The widths as they stand in a file. */
export const widthCostsShape: Shape<readonly WidthCost[]> = list(
  object<WidthCost>({ streams: integer(2, 4096), ns: integer(0, 1_000_000) }),
  MOST,
).describe(
  "What a kernel takes longer than an event to let so many other streams go, and as much one that waits for so many. Ascending; straight lines in between. Absent: nothing.",
);

/** Widths that do not ascend. */
export function widthProblems(widths: readonly WidthCost[] = []): readonly JsonProblem[] {
  return widths.flatMap(({ streams }, at): JsonProblem[] => {
    const before = widths[at - 1]?.streams ?? 1;
    return streams > before
      ? []
      : [
          {
            pointer: `/widths/${at}/streams`,
            message: "must be above the one before",
          },
        ];
  });
}

/**
 * What each of fork and join costs by its width, from 0 to `most`: by straight lines between what was measured, from 0
 * for one stream; beyond the last as between the last two, and never less than it. `undefined`: nothing for any width.
 */
export function widthTable(
  widths: readonly WidthCost[] | undefined,
  most: number,
): Float64Array | undefined {
  if (widths === undefined || widths.every(({ ns }) => ns === 0)) {
    return undefined;
  }
  const points = [{ streams: 1, ns: 0 }, ...widths];
  return Float64Array.from({ length: most + 1 }, (_, streams) => {
    if (streams < 2) {
      return 0;
    }
    const behind = points.findIndex((point) => point.streams >= streams);
    const to = behind < 0 ? points.length - 1 : Math.max(1, behind);
    const [a, b] = [points[to - 1]!, points[to]!];
    const slope = (b.ns - a.ns) / (b.streams - a.streams);
    return b.ns + (behind < 0 ? Math.max(0, slope) : slope) * (streams - b.streams);
  });
}
