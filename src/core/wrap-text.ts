/**
 * Lines broken at spaces, so that none is longer than `columns`; a longer word is kept whole.
 *
 * What follows the break is indented as the text after a label is (`bound   no schedule ...`, the
 * label being what stands before two spaces or more), else two more than the line itself. Lines
 * that fit stay as they are.
 */
export function wrapText(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => (line.length <= columns ? line : wrapLine(line, columns)))
    .join("\n");
}

/** Label columns further right than this share of the width are not aligned to. */
const MOST_INDENT = 0.4;

function wrapLine(line: string, columns: number): string {
  const margin = /^ */.exec(line)?.[0].length ?? 0;
  const label = /^ *\S+(?: \S+){0,3} {2,}/.exec(line)?.[0].length ?? 0;
  const indent = label > margin && label <= columns * MOST_INDENT ? label : margin + 2;
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const from = lines.length === 0 ? Math.max(margin, label) : indent;
    const at = breakOf(rest, from, columns);
    if (at === undefined) {
      break;
    }
    lines.push(rest.slice(0, at).trimEnd());
    rest = " ".repeat(indent) + rest.slice(at).trimStart();
  }
  return [...lines, rest].join("\n");
}

/**
 * The space to break at: the last one within `columns`, else the first one after; none before
 * `from`.
 */
function breakOf(text: string, from: number, columns: number): number | undefined {
  const spaces = [...text.matchAll(SPACE)].map(({ index }) => index).filter((at) => at > from);
  return spaces.findLast((at) => at <= columns) ?? spaces[0];
}

/** Whether a line may be broken at a space: not between a figure and its unit. */
const SPACE = / (?!(?<=\d )(?:%|(?:[nmu]?s|[KMGT]?i?B)\b))/g;
