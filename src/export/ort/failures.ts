import type { Failure } from "../../core/failure.js";

/** A schedule of several tasks in flight. */
export function tasksForOneSession(file: string, tasks: number): Failure {
  return {
    code: "export-tasks-in-flight",
    where: `${file} at /operators/tasks`,
    message: `schedules ${tasks} tasks in flight together; a session of ONNX Runtime runs one inference`,
    hint: "compile without --concurrency, and export that schedule",
    exit: 1,
  };
}
