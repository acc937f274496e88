import { type EventTable, eventText, waitsOfEvent } from "./events.js";
import type { FormatNumber } from "./quantities.js";

/** Waits that a description lists. */
const LISTED = 6;

/** What is said of an event, a line each: its name, lane and times, what it waits for. */
export function describeEvent(
  table: EventTable,
  at: number,
  format: FormatNumber,
): readonly string[] {
  const [start, end] = [table.starts[at] ?? 0, table.ends[at] ?? 0];
  const lane = table.lanes[table.laneOf[at] ?? 0]?.name ?? "";
  const waits = waitsOfEvent(table, at).map((each) => eventText(table, each));
  const more = waits.length > LISTED ? ` and ${waits.length - LISTED} more` : "";
  return [
    eventText(table, at),
    `${lane}, ${format(start)} to ${format(end)} (${format(end - start)})`,
    ...(waits.length === 0 ? [] : [`waits for ${waits.slice(0, LISTED).join(", ")}${more}`]),
    ...(table.onChain[at] === 1 ? ["the end waits for it"] : []),
  ];
}
