import type { DeviceModel } from "../device-model.js";
import {
  A100_PCIE_40GB,
  A100_PCIE_80GB,
  RTX_2080_SUPER,
  RTX_2080_TI,
  T4,
  V100,
  V100_PCIE,
} from "./ampere-and-before.js";
import { H100, H200 } from "./hopper.js";

/** Every device model that comes with the tool, newest first. */
export const DEVICE_MODELS: readonly DeviceModel[] = [
  H200,
  H100,
  A100_PCIE_80GB,
  A100_PCIE_40GB,
  V100,
  V100_PCIE,
  RTX_2080_TI,
  RTX_2080_SUPER,
  T4,
];

/** The model of that name, if the tool has one. */
export function deviceModelNamed(name: string): DeviceModel | undefined {
  return DEVICE_MODELS.find((model) => model.name === name);
}
