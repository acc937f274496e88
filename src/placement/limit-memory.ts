import type { Failure } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import { blockTooLarge, memoryNotReturned } from "./failures.js";
import type { Placement } from "./placement.js";

/**
 * Returns the placement with `memory`, when given, as the limit of every device that computes, and checks it
 * against its limits.
 *
 * On a device with a limit the blocks must add up to no lasting change: memory that a micro-batch
 * leaves behind would fill the device sooner or later, and releasing memory that it never took is a
 * mistake. Devices without a limit may end a micro-batch with any memory.
 *
 * Fails: `block-too-large`, `memory-not-returned`, each once per device and block or device.
 */
export function limitMemory(
  placement: Placement,
  file: string = "placement",
  memory?: number,
): Result<Placement> {
  const limited: Placement =
    memory === undefined
      ? placement
      : {
          ...placement,
          devices: placement.devices.map((device) =>
            device.isLink === true ? device : { ...device, memory },
          ),
        };
  const [first, ...rest] = memoryFailures(limited, file);
  return first === undefined ? ok(limited) : fail([first, ...rest]);
}

function memoryFailures(placement: Placement, file: string): readonly Failure[] {
  const left = placement.devices.map(() => 0);
  const failures: Failure[] = [];
  for (const { id, memory, workspace, devices } of placement.blocks) {
    const needs = workspace + Math.max(memory, 0);
    for (const device of devices) {
      left[device] = (left[device] ?? 0) + memory;
      const { name, memory: limit } = placement.devices[device] ?? { name: "", memory: undefined };
      if (limit !== undefined && needs > limit) {
        failures.push(blockTooLarge(file, { id, needs }, { name, memory: limit }));
      }
    }
  }
  placement.devices.forEach(({ name, memory: limit }, device) => {
    const change = left[device] ?? 0;
    if (limit !== undefined && change !== 0) {
      failures.push(memoryNotReturned(file, { name, left: change, memory: limit }));
    }
  });
  return failures;
}
