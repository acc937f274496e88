/** The traits of command lines in the words of messages. */
import type { NamedDevice } from "../../driver/device-named.js";
import { PARTITION_METHODS } from "../../partition/search-partition.js";
import type { PipelineCliOptions } from "../pipeline-request.js";
import type { Traits } from "./option-spec.js";

/** A trait that is there if `isThere`. */
export function traitIf(isThere: boolean, traits: Traits): Traits {
  return isThere ? traits : {};
}

/** The traits of a named device. */
export function deviceTraits(device: NamedDevice, name: string): Traits {
  const words = `with --device ${name}`;
  switch (device.kind) {
    case "cpu":
      return { cpu: words };
    case "cuda":
      return { cuda: words };
    case "model":
      return { "data-sheet": words };
  }
}

/** The traits of a profile file. */
export function profileTraits({ profile }: { readonly profile?: string }): Traits {
  return traitIf(profile !== undefined, { profile: "with --profile" });
}

/** The traits of a pipeline of a model. `devices` is the name of the option that sets its devices. */
export function pipelineTraits(
  device: NamedDevice,
  name: string,
  { placement, mode, method = PARTITION_METHODS[0] }: PipelineCliOptions,
  devices: "--devices" | "--stages",
): Traits {
  const words = `with ${placement === undefined ? devices : "--placement"}`;
  return {
    pipeline: words,
    ...traitIf(device.kind === "cuda", { "cuda-pipeline": words }),
    ...traitIf(device.kind === "model", { "gpu-pipeline": `with --device ${name}` }),
    ...traitIf(mode !== "train", {
      inference: mode === undefined ? "without --mode train" : "with --mode infer",
    }),
    ...traitIf(placement !== undefined, { "by-hand": "with --placement" }),
    ...traitIf(method !== "gpg", { "unlearned-method": `with --method ${method}` }),
  };
}
