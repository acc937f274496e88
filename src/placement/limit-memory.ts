import type { Failure } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import { blockTooLarge, memoryNotReturned, reservedTooLarge } from "./failures.js";
import type { Block, Device, Placement } from "./placement.js";

/**
 * Returns the placement with `memory`, when given, as the limit of every device that computes, and checks it
 * against its limits.
 *
 * On a device with a limit the blocks must add up to no lasting change: memory that a micro-batch
 * leaves behind would fill the device sooner or later, and releasing memory that it never took is a
 * mistake. Devices without a limit may end a micro-batch with any memory.
 *
 * Fails: `reserved-too-large`, `block-too-large`, `memory-not-returned`, each once per device and block or device.
 */
export function limitMemory(
  placement: Placement,
  file: string = "placement",
  memory?: number,
): Result<Placement> {
  const limited = withLimit(placement, memory);
  const [first, ...rest] = memoryFailures(limited, file);
  return first === undefined ? ok(limited) : fail([first, ...rest]);
}

/** The placement with `memory`, when given, as the limit of every device that computes; nothing is checked. */
export function withLimit(placement: Placement, memory: number | undefined): Placement {
  return memory === undefined
    ? placement
    : {
        ...placement,
        devices: placement.devices.map((device) =>
          device.isLink === true ? device : { ...device, memory: memory - (device.reserved ?? 0) },
        ),
      };
}

/** Names of the blocks that need more than the memory of a device. */
export function blocksTooLarge(placement: Placement): ReadonlySet<string> {
  const { devices } = placement;
  return new Set(
    changesOf(placement).flatMap(({ block, device, needs }) =>
      needs > (devices[device]?.memory ?? Number.POSITIVE_INFINITY) ? [block.id] : [],
    ),
  );
}

function memoryFailures(placement: Placement, file: string): readonly Failure[] {
  const tooSmall = placement.devices.flatMap(({ name, memory, reserved = 0 }) =>
    memory !== undefined && memory < 0
      ? [reservedTooLarge(file, { name, reserved, memory: memory + reserved })]
      : [],
  );
  if (tooSmall.length > 0) {
    return tooSmall;
  }
  const failures: Failure[] = [];
  const left = { everyTime: new Map<number, number>(), once: new Map<number, number>() };
  for (const { block, device, memory, needs } of changesOf(placement)) {
    const sums = block.isPerStep === true ? left.once : left.everyTime;
    sums.set(device, (sums.get(device) ?? 0) + memory);
    const { memory: limit, ...rest } = placement.devices[device] as Device;
    if (limit !== undefined && needs > limit) {
      failures.push(blockTooLarge(file, { id: block.id, needs }, { ...rest, memory: limit }));
    }
  }
  placement.devices.forEach(({ memory: limit, ...rest }, device) => {
    const change = left.everyTime.get(device) || (left.once.get(device) ?? 0);
    if (limit !== undefined && change !== 0) {
      failures.push(memoryNotReturned(file, { ...rest, left: change, memory: limit }));
    }
  });
  return failures;
}

/** What each block changes on each device for good, and the most that it needs there, in the longest micro-batch. */
function changesOf({ blocks, lengths = [1] }: Placement): readonly {
  readonly block: Block;
  readonly device: number;
  readonly memory: number;
  readonly needs: number;
}[] {
  const most = lengths.reduce((longest, length) => Math.max(longest, length), 1);
  return blocks.flatMap((block) => {
    const { devices, memory, workspace, elsewhere = [], isPerStep } = block;
    const longest = isPerStep === true ? 1 : most;
    const needs = (workspace + Math.max(memory, 0)) * longest;
    return [
      ...devices.map((device) => ({ block, device, memory, needs })),
      ...elsewhere.map((each) => ({
        block,
        ...each,
        needs: Math.max(each.memory, 0) * longest,
      })),
    ];
  });
}
