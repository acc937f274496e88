import { counted, formatName } from "../core/format.js";
import { someOf } from "../core/some-of.js";
import { type DataSize, openCount } from "./data-sizes.js";
import type { LoweredModel } from "./lowered-model.js";

/** Sizes that depend on data, each with the size that the schedule is made for: `boxes[0]=7`, `boxes[0]<=100`. */
export function placesByData(lowered: LoweredModel): readonly string[] {
  return lowered.dataSizes.flatMap((size) => placesOf(size, lowered));
}

function placesOf({ tensor, dims, source }: DataSize, { openDims }: LoweredModel): string[] {
  const open = openDims.get(tensor);
  const sign = source === "bound" ? "<=" : "=";
  const places = dims.flatMap((size, axis) =>
    open?.[axis] === undefined ? [`${formatName(tensor)}[${axis}]${sign}${size}`] : [],
  );
  return openCount(dims, open) === 0 ? [`${formatName(tensor)} of one element`] : places;
}

/**
 * One line on sizes that depend on data and where they are from; `undefined` for a model without any.
 *
 * `run`: what the run was that showed them, such as `a run on seeded inputs`.
 */
export function noteOnDataSizes(lowered: LoweredModel, run: string): string | undefined {
  const { dataSizes, unobserved } = lowered;
  const places = placesByData(lowered);
  if (places.length === 0) {
    return undefined;
  }
  const bounds = dataSizes.filter(({ source }) => source === "bound").length;
  const why =
    unobserved === undefined
      ? "nothing was run"
      : `the model could not be run: ${unobserved.message}`;
  const most = `the most that ${places.length === 1 ? "it" : "they"} can be, since ${why}`;
  const origin =
    bounds === 0
      ? `taken from ${run}`
      : bounds === dataSizes.length
        ? most
        : `taken from ${run}, or ${most}`;
  const zeros = places.filter((place) => /[^<]=0$/.test(place)).length;
  const few =
    zeros === 0
      ? ""
      : `; ${zeros === places.length ? "nothing is found in it" : `${zeros} ${zeros === 1 ? "is" : "are"} 0 in it`}: give inputs that show more (--input), or sizes (--dim)`;
  const sizes = `${counted(places.length, "size")} ${places.length === 1 ? "depends" : "depend"}`;
  return `${sizes} on data: ${origin} (${someOf(places)})${few}`;
}

/** One line on the branches that the sizes of the schedule decided; `undefined`: there are none. */
export function noteOnDecided({ decidedBySize = [] }: LoweredModel): string | undefined {
  const [ask, them] = decidedBySize.length === 1 ? ["asks", "it"] : ["ask", "them"];
  return decidedBySize.length === 0
    ? undefined
    : `${someOf(decidedBySize)} ${ask} for sizes that depend on data: the schedule has what runs at these sizes in place of ${them}; a run of other sizes may need another branch`;
}
