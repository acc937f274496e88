import type { DeviceModel } from "../../src/cost/device-model.js";

/** The device with its figures taken as certain: schedules are then ranked by their predictions alone. */
export function certain({ ranges: _, ...device }: DeviceModel): DeviceModel {
  return device;
}
