import type { Failure } from "../../../core/failure.js";

/** A placement that a hand-written family has no rule for. */
export function familyNeeds(family: string, what: string): Failure {
  return {
    code: "family-does-not-fit",
    where: `--algorithm ${family}`,
    message: `needs ${what}`,
    hint: "choose another algorithm, or a shape that it is made for",
    exit: 1,
  };
}

/** A hand-written order in which devices wait for each other for ever. */
export function familyDeadlocks(
  family: string,
  {
    device,
    block,
    microBatch,
  }: Readonly<Record<"device" | "block", string>> & {
    readonly microBatch: number;
  },
): Failure {
  return {
    code: "family-deadlocks",
    where: `--algorithm ${family}`,
    message:
      `its order stops on device "${device}": block "${block}" of micro-batch ${microBatch} ` +
      "waits for one that comes after it",
    hint: "its order is fixed: choose another algorithm, or a shape that it is made for",
    exit: 1,
  };
}

/** A hand-written schedule that needs more memory than a device has. */
export function familyExceedsMemory(
  family: string,
  device: { readonly name: string; readonly peak: number; readonly limit: number },
): Failure {
  return exceedsMemory(
    family,
    `takes ${device.peak} of memory on device "${device.name}", the limit is ${device.limit}`,
    "its order is fixed: give more memory, fewer micro-batches, or choose another algorithm",
  );
}

/** A hand-written rule that finds no order within the memory of the devices. */
export function familyStuckOnMemory(family: string): Failure {
  return exceedsMemory(
    family,
    "its rule finds no order within the memory limits",
    "give the devices more memory, or choose another algorithm",
  );
}

function exceedsMemory(family: string, message: string, hint: string): Failure {
  return {
    code: "family-exceeds-memory",
    where: `--algorithm ${family}`,
    message,
    hint,
    exit: 1,
  };
}

/** A repetend that is packed without a look at memory, and needs more than a device has. */
export function repetendExceedsMemory(
  algorithm: string,
  device: { readonly name: string; readonly peak: number; readonly limit: number },
): Failure {
  return {
    code: "repetend-exceeds-memory",
    where: `--algorithm ${algorithm}`,
    message:
      `its only repetend takes ${device.peak} of memory on device "${device.name}", ` +
      `the limit is ${device.limit}`,
    hint: "it tries no other: give the devices more memory, or choose another algorithm",
    exit: 1,
  };
}

/** A placement with more blocks than an algorithm can look at in any time. */
export function tooManyBlocks(algorithm: string, blocks: number, limit: number): Failure {
  return {
    code: "too-many-blocks",
    where: `--algorithm ${algorithm}`,
    message: `the placement has ${blocks} blocks, it takes at most ${limit}`,
    hint: "choose another algorithm",
    exit: 1,
  };
}

/** Micro-batches and blocks whose product is too large to write down. */
export function tooManyInstances(instances: number, limit: number): Failure {
  return {
    code: "too-many-instances",
    where: "--micro-batches",
    message: `the schedule would have ${instances} block instances, more than ${limit}`,
    hint: "give fewer micro-batches: the repetend stays the same",
    exit: 1,
  };
}
