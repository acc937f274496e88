/** The form of a service record in files. */
import { brokenChecks } from "../../core/checks.js";
import { list, object } from "../../core/json-containers.js";
import { integer, type Shape } from "../../core/json-shape.js";
import type { ServiceRecord } from "./service-record.js";

/** Longest time: an hour. */
const MOST_NS = 3.6e12;
const MOST_TASKS = 1e6;
const MOST_SESSIONS = 4096;

const TIME = integer(1, MOST_NS);

/** A record; `brokenRecord` has what else must hold. */
export const serviceRecordShape: Shape<ServiceRecord> = object<ServiceRecord>({
  sessions: integer(1, MOST_SESSIONS).describe("Most tasks in flight."),
  wakeNs: integer(0, MOST_NS).describe(
    "What a task takes longer that is launched when a request comes, not when another task ends.",
  ),
  tasks: integer(1, MOST_TASKS).describe("Tasks of the record."),
  usualNs: list(TIME, 1000, 1).describe("Mean times of equal parts of the usual tasks: ascending."),
  slowAt: list(integer(0, MOST_TASKS), MOST_TASKS).describe(
    "Positions of the slow tasks among all, ascending from 0.",
  ),
  slowNs: list(TIME, MOST_TASKS).describe("What the slow tasks took, in the same order."),
})
  .describe("What successive tasks took with so many sessions; nanoseconds, as if alone.")
  .named("serviceRecord");

/** What is wrong with a record of the right form. */
export function brokenRecord({ tasks, usualNs, slowAt, slowNs }: ServiceRecord): readonly string[] {
  return brokenChecks([
    [usualNs.some((each, at) => each < (usualNs[at - 1] ?? 0)), "usualNs must not descend"],
    [
      slowAt.some((each, at) => each <= (slowAt[at - 1] ?? -1) || each >= tasks),
      "slowAt must ascend and be below tasks",
    ],
    [slowAt.length !== slowNs.length, "slowNs must have a time for each position of slowAt"],
    [slowAt.length === tasks, "some tasks must be usual"],
  ]);
}
