import type { DeviceModel } from "../device-model.js";
import { A100_PCIE_40GB, RTX_2080_SUPER, V100 } from "./ampere-and-before.js";
import { H100, H200 } from "./hopper.js";

/** Every device model that comes with the tool, newest first. */
export const DEVICE_MODELS: readonly DeviceModel[] = [
  H200,
  H100,
  A100_PCIE_40GB,
  V100,
  RTX_2080_SUPER,
];

/** The model of that name, if the tool has one. */
export function deviceModelNamed(name: string): DeviceModel | undefined {
  return DEVICE_MODELS.find((model) => model.name === name);
}
