import type { OperatorsSection } from "../../artifact/artifact.js";
import type { TimedLaunch } from "../../artifact/timed-launches.js";
import { formatCell } from "../../core/format.js";
import type { Explanation } from "../explanation.js";
import type { TimelineData } from "./page-data.js";
import { type LaneEvent, timelineOf } from "./timeline-events.js";

/** The launches of a section on its streams, with what they wait for. */
export function operatorsTimeline(
  { streams }: OperatorsSection,
  launches: readonly TimedLaunch[],
  { criticalPath }: Explanation,
): TimelineData {
  const chain = new Set(criticalPath.map(({ operator }) => operator));
  const events = launches.map(
    ({ operator, stream, startNs, endNs, waits }): LaneEvent => ({
      lane: stream,
      start: startNs,
      end: endNs,
      label: formatCell(operator),
      color: stream,
      key: operator,
      waits,
      isOnChain: chain.has(operator),
    }),
  );
  const lanes = Array.from({ length: streams }, (_, stream) => `stream ${stream}`);
  return timelineOf(events, { lanes, colors: [], views: [] });
}
