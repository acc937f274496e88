import { fail, ok, type Result } from "../core/result.js";
import { leastServingBytes } from "../schedule/serving/serving-memory.js";
import type { ServingProblem } from "../schedule/serving/serving-model.js";
import { modelsExceedMemory } from "./failures.js";

/** Fails with `models-exceed-memory` if no policy fits into the device's memory, where that is known. */
export function checkServingMemory(problem: ServingProblem, device: string): Result<void> {
  const { memoryBytes } = problem.device;
  const need = leastServingBytes(problem);
  const names = problem.models.map(({ name }) => name);
  return memoryBytes === undefined || need <= memoryBytes
    ? ok(undefined)
    : fail([modelsExceedMemory(names, need, { name: device, memoryBytes })]);
}
