/** Fixture models and device models by name, for benches: what is missing there is a mistake and throws. */
import type { Result } from "../../dist/core/result.js";
import type { DeviceModel } from "../../dist/cost/device-model.js";
import { DEVICE_MODELS, deviceModelNamed } from "../../dist/cost/device-models/catalog.js";
import type { MathMode } from "../../dist/cost/kernels/arithmetic.js";
import { lowerModel } from "../../dist/onnx/lower.js";
import type { LoweredModel } from "../../dist/onnx/lowered-model.js";
import { readModel } from "../../dist/onnx/read-model.js";

/** Names of the fixture models that predictions and partitions are made of. */
export const FIXTURE_MODELS: readonly string[] =
  "googlenet inception-v3 squeezenet resnet50 nasnet-a-large randwire-1 randwire-2 bert-base gpt2 t5-small dlrm flava swin-t two-branch".split(
    " ",
  );

/** Where a fixture model lies, from the root of the repository. */
export function fixturePath(name: string): string {
  return `fixtures/models/${name}.onnx`;
}

/** The value of an outcome. Throws: the first failure's message. */
export function unwrap<T>(result: Result<T>): T {
  if (!result.ok) {
    throw new Error(result.error[0].message);
  }
  return result.value;
}

/** A fixture model, lowered with the default sizes. */
export async function lowerFixture(name: string): Promise<LoweredModel> {
  return unwrap(await lowerModel(unwrap(readModel(fixturePath(name))), { dims: new Map() }));
}

/** The device model of that name. */
export function deviceNamed(name: string): DeviceModel {
  const device = deviceModelNamed(name);
  if (device === undefined) {
    throw new Error(`no device model "${name}"`);
  }
  return device;
}

/** The device models that a list of names, separated by commas, asks for; all without a list. */
export function devicesIn(names: string | undefined): readonly DeviceModel[] {
  return names === undefined ? DEVICE_MODELS : names.split(",").map(deviceNamed);
}

/** TF32 where the device is faster with it. */
export function usualMath({ flops }: DeviceModel): MathMode {
  return flops.tensorFloat32 > flops.float32 ? "tf32" : "ieee";
}

/** The candidate of an algorithm. Throws: it has none. */
export function candidateOf<T extends { readonly algorithm: string }>(
  ranked: readonly T[],
  algorithm: string,
): T {
  const found = ranked.find((each) => each.algorithm === algorithm);
  if (found === undefined) {
    throw new Error(`no candidate of ${algorithm}`);
  }
  return found;
}
