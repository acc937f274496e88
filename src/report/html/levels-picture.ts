import { counted } from "../../core/format.js";
import { colorClass, FILLS } from "./colors.js";
import type { DrawnNode } from "./drawn-graph.js";
import { countLevels, type LevelCounts } from "./graph-levels.js";
import { html, type Markup } from "./markup.js";

/** Most columns: as many as can be told apart. */
const MOST_COLUMNS = 550;

/** The size of the picture, and where it begins. */
const SIZE = { width: 1100, height: 200, begin: 200 } as const;

/** How wide a graph is, level by level, as a path for each color. */
export interface LevelsPicture {
  readonly size: typeof SIZE;
  readonly label: string;
  /** Levels in a column, whose height is their mean. */
  readonly levelsEach: number;
  readonly paths: readonly Markup[];
}

/** Columns of levels from left to right, their colors from below. Cost: O(nodes + edges). */
export function levelsPicture(nodes: readonly DrawnNode[]): LevelsPicture {
  const levels = countLevels(nodes).map(byClass);
  const sums = levels.map(sumOf);
  const most = sums.reduce((a, b) => Math.max(a, b), 1);
  const levelsEach = Math.max(1, Math.ceil(levels.length / MOST_COLUMNS));
  const columns = columnsOf(levels, levelsEach);
  const step = SIZE.width / Math.max(1, columns.length);
  const paths = FILLS.map((): string[] => []);
  for (const [at, column] of columns.entries()) {
    let top: number = SIZE.height;
    for (const [color, count] of column.entries()) {
      const height = (SIZE.height * count) / most;
      top -= height;
      if (height > 0) {
        const [x, y, w, h] = [at * step, top, step, height].map(twoDigits);
        paths[color]?.push(`M${x} ${y}h${w}v${h}h-${w}z`);
      }
    }
  }
  return {
    size: SIZE,
    label: `${counted(levels.length, "level")} of operators, at most ${most} in one`,
    levelsEach,
    paths: paths.flatMap((path, color) =>
      path.length === 0 ? [] : [html`<path class="${colorClass(color)}" d="${path.join("")}"/>`],
    ),
  };
}

/** Operators by the color that is seen. */
function byClass(level: LevelCounts): readonly number[] {
  const counts = FILLS.map(() => 0);
  for (const [color, count] of level) {
    const seen = color % FILLS.length;
    counts[seen] = (counts[seen] ?? 0) + count;
  }
  return counts;
}

/** Means of levels that share a column. */
function columnsOf(
  levels: readonly (readonly number[])[],
  each: number,
): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(levels.length / each) }, (_, at) => {
    const some = levels.slice(at * each, (at + 1) * each);
    return FILLS.map((_fill, color) => sumOf(some.map((level) => level[color] ?? 0)) / some.length);
  });
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function twoDigits(value: number): number {
  return Math.round(value * 100) / 100;
}
