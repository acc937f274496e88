import type { PipelineSection } from "../../src/artifact/pipeline-section.js";
import type { Placement } from "../../src/placement/placement.js";

/** A whole pipeline schedule, and the line above it. */
export interface DrawnSchedule {
  readonly title: string;
  readonly section: PipelineSection;
}

const LEFT = 34;
const TITLE = 24;
const ROW = 22;
const GAP = 3;
const AXIS = 26;
const STEP = 9;
/** Dark and light: the forward and the backward blocks of micro-batches in turn. */
const COLOURS = [
  ["#1f5fa8", "#a9c8ea"],
  ["#b4550d", "#f2c49b"],
  ["#2c7a4b", "#acd8bd"],
  ["#7a3e9d", "#d5b9e6"],
] as const;

/**
 * Schedules of one placement, one above the other on one scale of time, as an SVG document. Dark bars
 * are forward blocks, light ones backward blocks, each with the number of its micro-batch.
 */
export function schedulePicture(placement: Placement, schedules: readonly DrawnSchedule[]): string {
  const end = Math.max(...schedules.map(({ section }) => section.makespan));
  const height = TITLE + placement.devices.length * ROW + AXIS;
  const width = LEFT + end * STEP + 10;
  const panels = schedules.map(
    (schedule, at) =>
      `<g transform="translate(0 ${at * height})">\n${panel(placement, schedule)}\n</g>`,
  );
  const size = `width="${width}" height="${schedules.length * height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${width} ${schedules.length * height}" font-family="sans-serif" font-size="12">`,
    `<title>${schedules.map(({ title }) => title).join("; ")}</title>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    ...panels,
    "</svg>",
    "",
  ].join("\n");
}

function panel({ blocks, devices }: Placement, { title, section }: DrawnSchedule): string {
  const { makespan, instances } = section;
  const bars = instances.flatMap(({ block, microBatch, start, end }) => {
    const { kind, devices: on } = blocks.find(({ id }) => id === block)!;
    const colour = COLOURS[microBatch % COLOURS.length]![kind === "forward" ? 0 : 1];
    return on.flatMap((device) => {
      const [x, y] = [LEFT + start * STEP, TITLE + device * ROW];
      const label = kind === "forward" ? "#ffffff" : "#222222";
      return [
        `<rect x="${x + 0.5}" y="${y}" width="${(end - start) * STEP - 1}" height="${ROW - GAP}" rx="2" fill="${colour}"/>`,
        `<text x="${x + ((end - start) * STEP) / 2}" y="${y + 13.5}" font-size="9" text-anchor="middle" fill="${label}">${microBatch}</text>`,
      ];
    });
  });
  const bottom = TITLE + devices.length * ROW;
  const right = LEFT + makespan * STEP;
  return [
    `<text x="8" y="16" font-weight="bold" fill="#222222">${title}</text>`,
    ...devices.map(
      ({ name }, at) =>
        `<text x="8" y="${TITLE + at * ROW + 14}" fill="#555555">${name}</text><rect x="${LEFT}" y="${TITLE + at * ROW}" width="${makespan * STEP}" height="${ROW - GAP}" fill="#f1f1f1"/>`,
    ),
    ...bars,
    `<path d="M${right} ${TITLE - 4}V${bottom + 4}" stroke="#222222"/>`,
    `<text x="${right}" y="${bottom + 17}" text-anchor="end" fill="#222222">${makespan} steps</text>`,
  ].join("\n");
}
