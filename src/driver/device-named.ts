import { readText } from "../core/files.js";
import { fail, ok, type Result } from "../core/result.js";
import {
  type DeviceModel,
  MAX_DEVICE_MODEL_BYTES,
  parseDeviceModel,
} from "../cost/device-model.js";
import { DEVICE_MODELS, deviceModelNamed } from "../cost/device-models/catalog.js";
import { deviceUnknown } from "../cost/failures.js";

/**
 * The device that `--device` names: this machine's CPU, one of its GPUs, or a GPU by its data
 * sheet.
 */
export type NamedDevice =
  | { readonly kind: "cpu" }
  | { readonly kind: "cuda"; readonly index: number }
  | {
      readonly kind: "model";
      readonly model: DeviceModel;
      /** The device model file; absent: it comes with the tool. */
      readonly file?: string;
    };

/**
 * The device of a name: `cpu`, `cuda` or `cuda:N`, a device model that comes with the tool, or the
 * path of a device model file (`.json`).
 *
 * Fails: `device-unknown`, and as reading a device model does.
 */
export function deviceNamed(name: string): Result<NamedDevice> {
  if (name === "cpu") {
    return ok({ kind: "cpu" });
  }
  const [, number] = /^cuda(?::(\d{1,4}))?$/.exec(name) ?? [];
  if (name === "cuda" || number !== undefined) {
    return ok({ kind: "cuda", index: Number(number ?? 0) });
  }
  const known = deviceModelNamed(name);
  if (known !== undefined) {
    return ok({ kind: "model", model: known });
  }
  if (!name.endsWith(".json")) {
    return fail([
      deviceUnknown(name, ["cpu", "cuda", ...DEVICE_MODELS.map((model) => model.name)]),
    ]);
  }
  const text = readText(name, MAX_DEVICE_MODEL_BYTES);
  if (!text.ok) {
    return text;
  }
  const model = parseDeviceModel(text.value, name);
  return model.ok ? ok({ kind: "model", model: model.value, file: name }) : model;
}
