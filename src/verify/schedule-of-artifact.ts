import type { OperatorsSection } from "../artifact/artifact.js";
import type { Failure, Failures } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import type { OperatorGraph, OperatorId } from "../ir/operator-graph.js";
import type { Launch, OperatorSchedule } from "../schedule/operator-schedule.js";
import {
  type OperatorScheduleProblem,
  verifyOperatorSchedule,
} from "../schedule/verify-operator-schedule.js";
import { scheduleBroken } from "./failures.js";

/** Problems reported at most: a schedule of another graph has as many as it has operators. */
const MOST_PROBLEMS = 20;

/**
 * The schedule that an artifact describes, checked against the graph it is for.
 *
 * Fails: `schedule-broken` for every operator that the graph does not have, and for every rule of
 * operator schedules that it breaks.
 */
export function scheduleOfArtifact(
  section: OperatorsSection,
  graph: OperatorGraph,
  file: string,
): Result<OperatorSchedule> {
  return namedSchedule(section, graph, file, "/operators");
}

/** A schedule by the names of its operators. */
export interface NamedSchedule {
  readonly algorithm: string;
  readonly streams: number;
  readonly launches: readonly {
    readonly operator: string;
    readonly stream: number;
    readonly waits: readonly string[];
    readonly record: boolean;
  }[];
}

/** The same for a schedule at `place` in an artifact. */
export function namedSchedule(
  section: NamedSchedule,
  graph: OperatorGraph,
  file: string,
  place: string,
): Result<OperatorSchedule> {
  const ids = new Map(graph.operators.map(({ name, id }) => [name, id]));
  const failures: Failure[] = [];
  const idOf = (name: string, at: number): OperatorId | undefined => {
    const id = ids.get(name);
    if (id === undefined) {
      const what = `${place}/launches/${at} names "${name}", which the model does not have`;
      failures.push(scheduleBroken(file, what));
    }
    return id;
  };
  const launches: Launch[] = [];
  section.launches.forEach((launch, at) => {
    const operator = idOf(launch.operator, at);
    const waits = launch.waits.map((name) => idOf(name, at));
    if (operator !== undefined && waits.every((id) => id !== undefined)) {
      const sorted = [...waits].sort((a, b) => a - b);
      launches.push({ operator, stream: launch.stream, waits: sorted, record: launch.record });
    }
  });
  const schedule = { algorithm: section.algorithm, streams: section.streams, launches };
  if (failures.length === 0) {
    for (const problem of verifyOperatorSchedule(graph, schedule)) {
      failures.push(scheduleBroken(file, describe(problem, graph)));
    }
  }
  return failures.length === 0
    ? ok(schedule)
    : fail(failures.slice(0, MOST_PROBLEMS) as unknown as Failures);
}

/** A problem in words: its kind, and the names of the operators and streams it is about. */
function describe(problem: OperatorScheduleProblem, graph: OperatorGraph): string {
  const { kind, ...data } = problem as { readonly kind: string } & Record<string, unknown>;
  const parts = Object.entries(data).map(([key, value]) => {
    const isOperator = typeof value === "number" && graph.operators[value] !== undefined;
    const isId = isOperator && key !== "stream" && key !== "streams" && key !== "position";
    return `${key} ${isId ? `"${graph.operators[value]?.name}"` : String(value)}`;
  });
  return `${kind.replaceAll("-", " ")}: ${parts.join(", ")}`;
}
