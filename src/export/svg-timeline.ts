/**
 * The timeline of a schedule as an SVG document: a row for each stream or device, time to the right. It needs no font,
 * script or network, follows the light or dark of the reader, and names every bar in its tooltip.
 */
import { escapeControls } from "../core/escape-controls.js";
import { fail, ok, type Result } from "../core/result.js";
import { shortened } from "../core/shortened.js";
import type { Exported, ExportSubject } from "./export-format.js";
import { exportTooLarge, timesMissing } from "./failures.js";
import { linesWithin } from "./lines-within.js";
import { type Timeline, type TimelineBar, timelineOf } from "./timeline.js";

/** More than a picture can show: a tenth of a pixel each. */
const MOST_BARS = 50_000;
const MOST_ROWS = 1000;

const WIDTH = 1200;
const ROW = 24;
const GAP = 4;
const TOP = 12;
const AXIS = 28;
const RIGHT = 24;
/** Widths of one character of a row's name and of a bar's label. */
const NAME_PIXELS = 7;
const LABEL_PIXELS = 7;
const LONGEST_NAME = 24;
const TICKS = 8;

/** Hues of micro-batches in turn, and of neighboring operators. */
const HUES = [212, 27, 146, 283, 52, 0] as const;
/** Lightness of bars in percent, and the class of a label on them. */
const SHADES = {
  dark: { lightness: 38, label: "d" },
  middle: { lightness: 66, label: "k" },
  light: { lightness: 80, label: "k" },
} as const;

const STYLE = `text{font:12px sans-serif;fill:#222}.n{text-anchor:end}.t{text-anchor:middle;font-size:11px}.l{font-size:10px;text-anchor:middle;pointer-events:none}.d{fill:#fff}.k{fill:#222}.p{fill:#fff}.r{fill:#f1f1f1}@media(prefers-color-scheme:dark){.n,.t{fill:#ddd}.p{fill:#181818}.r{fill:#2a2a2a}}`;

/** How pictures of ours begin. */
const MARK = /^<!-- top-compile timeline -->/;

/** The picture of a schedule. Fails: `export-times-missing`; `export-too-large`. */
export function exportSvg(subject: ExportSubject): Result<Exported> {
  const { file, name } = subject;
  const timeline = timelineOf(subject);
  if (timeline === undefined) {
    return fail([timesMissing(file, "svg")]);
  }
  const { rows, bars } = timeline;
  if (bars.length > MOST_BARS || rows.length > MOST_ROWS) {
    const size =
      bars.length > MOST_BARS
        ? { what: "bars", count: bars.length, limit: MOST_BARS }
        : { what: "rows", count: rows.length, limit: MOST_ROWS };
    return fail([exportTooLarge(file, "svg", size)]);
  }
  const content = linesWithin(linesOf(timeline), file, "svg");
  return content.ok
    ? ok({ files: [{ name, content: content.value, mark: MARK }], notes: [] })
    : content;
}

function linesOf(timeline: Timeline): readonly string[] {
  const names = timeline.rows.map((row) => shortened(escapeControls(row), LONGEST_NAME));
  const left = 16 + NAME_PIXELS * Math.max(...names.map((name) => name.length));
  const height = TOP + timeline.rows.length * ROW + AXIS;
  const right = WIDTH - RIGHT;
  const scale = timeline.end === 0 ? 0 : (right - left) / timeline.end;
  const place: Placing = { left, scale };
  return [
    "<!-- top-compile timeline -->",
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${timeline.bars.length} bars on ${timeline.rows.length} rows, ${timeline.formatTime(timeline.end)}</title>`,
    `<style>${STYLE}</style>`,
    '<rect class="p" width="100%" height="100%"/>',
    ...names.flatMap((name, row) => {
      const y = TOP + row * ROW;
      return [
        `<rect class="r" x="${left}" y="${y}" width="${right - left}" height="${ROW - GAP}"/>`,
        `<text class="n" x="${left - 8}" y="${y + 14}">${escaped(name)}</text>`,
      ];
    }),
    ...timeline.bars.map((bar) => barText(bar, timeline, place)),
    ...axis(timeline, place),
    "</svg>",
  ];
}

/** From times to pixels. */
interface Placing {
  readonly left: number;
  readonly scale: number;
}

function barText(bar: TimelineBar, { formatTime }: Timeline, { left, scale }: Placing): string {
  const x = left + bar.start * scale;
  const width = Math.max(0.1, (bar.end - bar.start) * scale - 0.5);
  const y = TOP + bar.row * ROW;
  const { lightness, label: onIt } = SHADES[bar.shade];
  const fill = `hsl(${HUES[bar.hue % HUES.length]},60%,${lightness}%)`;
  const said = `${bar.name}: ${formatTime(bar.start)} to ${formatTime(bar.end)}`;
  const label = escapeControls(bar.label);
  const isShown = label.length * LABEL_PIXELS + 4 <= width;
  const text = `<text class="l ${onIt}" x="${pixels(x + width / 2)}" y="${y + 14}">${escaped(label)}</text>`;
  return `<rect x="${pixels(x)}" y="${y}" width="${pixels(width)}" height="${ROW - GAP}" fill="${fill}"><title>${escaped(escapeControls(said))}</title></rect>${isShown ? text : ""}`;
}

function axis({ rows, end, formatTime }: Timeline, { left, scale }: Placing): readonly string[] {
  const y = TOP + rows.length * ROW + 14;
  const times = Array.from({ length: TICKS + 1 }, (_, tick) => Math.round((end * tick) / TICKS));
  return [...new Set(times)].map(
    (time) =>
      `<text class="t" x="${pixels(left + time * scale)}" y="${y}">${formatTime(time)}</text>`,
  );
}

/** Two decimals: the same text everywhere. */
function pixels(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Text as XML; what no XML document may hold becomes a question mark. */
function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replace(/[\ufffe\uffff]/g, "?");
}
