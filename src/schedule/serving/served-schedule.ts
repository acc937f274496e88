import type { OperatorGraph, OperatorId } from "../../ir/operator-graph.js";
import type { OperatorSchedule } from "../operator-schedule.js";
import type { ServedSchedule } from "./serving-model.js";

/** A schedule of a graph with names instead of ids. Cost: O(V + waits). */
export function withOperatorNames(
  { streams, launches }: OperatorSchedule,
  { operators }: OperatorGraph,
): ServedSchedule {
  const name = (id: OperatorId): string => operators[id]?.name ?? "";
  return {
    streams,
    launches: launches.map(({ operator, stream, waits, record }) => ({
      operator: name(operator),
      stream,
      waits: waits.map(name),
      record,
    })),
  };
}
