/** Operator schedules of served models in artifacts. */
import { list, object } from "../core/json-containers.js";
import { boolean, integer, type Shape } from "../core/json-shape.js";
import type { ServedLaunch, ServedSchedule } from "../schedule/serving/serving-model.js";
import { OPERATOR_NAME } from "./operator-name.js";

const MAX_STREAMS = 131_072;

/** The form of a schedule with names of operators. */
export const servedScheduleShape: Shape<ServedSchedule> = object<ServedSchedule>({
  streams: integer(1, MAX_STREAMS),
  launches: list(
    object<ServedLaunch>({
      operator: OPERATOR_NAME,
      stream: integer(0, MAX_STREAMS - 1),
      waits: list(OPERATOR_NAME).describe(
        "Operators on other streams that must have finished first.",
      ),
      record: boolean.describe("Whether an operator on another stream waits for this one."),
    }).named("servedLaunch"),
    undefined,
    1,
  ).describe("Every operator once, in launch order."),
});
