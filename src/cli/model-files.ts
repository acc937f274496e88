import { basename, dirname, join } from "node:path";
import type { ProfileSource } from "../driver/obtain-profile.js";
import type { InputFiles } from "../runtime/tensor-files/given-inputs.js";
import type { CliIo } from "./io.js";

/** The source of the figures. */
export function profileSource({
  profile,
  remeasure,
}: {
  readonly profile?: string;
  readonly remeasure?: boolean;
}): ProfileSource {
  if (profile !== undefined) {
    return { kind: "file", path: profile };
  }
  return remeasure === true ? { kind: "fresh" } : { kind: "kept" };
}

/** Where a result of a model goes; `undefined`: it is not written. */
export function outFor(
  model: string,
  kind: "schedule" | "placement",
  { out }: { readonly out?: string },
  { writesOnlyTo }: CliIo,
): string | undefined {
  return out ?? (writesOnlyTo === "out" ? undefined : defaultOut(model, kind));
}

/** `<model>.<kind>.json` beside the model. */
export function defaultOut(
  model: string,
  kind: "schedule" | "profile" | "placement" | "policy",
): string {
  return join(dirname(model), `${basename(model).replace(/\.onnx$/i, "")}.${kind}.json`);
}

/** The files of `--input` and `--inputs`. */
export function inputFiles({
  input,
  inputs,
}: {
  readonly input: readonly string[];
  readonly inputs?: string;
}): InputFiles {
  return { each: input, folder: inputs };
}
