/** What a program reads and leaves behind: constants, inputs and outputs, through files. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { present } from "../../../core/invariant.js";
import { fail, ok, type Result } from "../../../core/result.js";
import type { TensorId } from "../../../ir/operator-graph.js";
import { storageOf } from "../../../kernels/operator-call.js";
import type { TensorData } from "../../tensor-data.js";
import type { UploadItem } from "../client/protocol.js";
import { constantUploads } from "../program/constants.js";
import { floatsOfHalves, halvesOfFloats } from "../program/device-elements.js";
import { sideFileFailed } from "../program/failures.js";
import type { DeviceProgram } from "../program/program.js";
import type { HelperCalls } from "./helper-calls.js";

/** A program whose memory has been made. */
export interface ProgramOnDevice {
  readonly helper: HelperCalls;
  readonly program: DeviceProgram;
  /** For temporary files. */
  readonly folder: string;
}

/**
 * Brings the program's constants and the model's inputs to the device.
 *
 * Requires: `feeds` has every input of the model.
 * Fails: what the helper refuses, `side-file-failed`, and as `constantUploads`.
 */
export async function uploadTensors(
  place: ProgramOnDevice,
  feeds: ReadonlyMap<string, TensorData>,
): Promise<Result<undefined>> {
  const { helper, program, folder } = place;
  const constants = await constantUploads(program.model, program.memory, join(folder, "constants"));
  if (!constants.ok) {
    return constants;
  }
  const inputs = inputItems(place, feeds);
  if (!inputs.ok) {
    return inputs;
  }
  const items = [...constants.value, ...inputs.value];
  if (items.length === 0) {
    return ok(undefined);
  }
  const uploaded = await helper.call("upload", { items });
  return uploaded.ok ? ok(undefined) : uploaded;
}

function inputItems(
  { program, folder }: ProgramOnDevice,
  feeds: ReadonlyMap<string, TensorData>,
): Result<readonly UploadItem[]> {
  const { graph } = program.model.lowered;
  const items: UploadItem[] = [];
  for (const id of graph.inputs) {
    const { name, elementType } = present(graph.tensors[id], "input");
    const { offset } = present(program.memory.tensor(id), "memory of an input");
    const { bytes } = present(feeds.get(name), `feed of "${name}"`);
    const stored = isHalved(program, elementType) ? halvesOfFloats(bytes) : bytes;
    const path = join(folder, `input-${id}`);
    try {
      writeFileSync(path, stored);
    } catch (error) {
      return fail([sideFileFailed(path, error)]);
    }
    if (stored.length > 0) {
      items.push({ path, fileOffset: 0, bytes: stored.length, offset });
    }
  }
  return ok(items);
}

/**
 * The tensors that are outputs of the graph, by their names, as they are in memory now.
 *
 * Fails: what the helper refuses, `side-file-failed`.
 */
export async function downloadOutputs(
  place: ProgramOnDevice,
): Promise<Result<ReadonlyMap<string, TensorData>>> {
  const { program } = place;
  const { graph } = program.model.lowered;
  const outputs = new Map<string, TensorData>();
  for (const id of new Set(graph.outputs)) {
    const tensor = present(graph.tensors[id], "output");
    if (tensor.producer === undefined) {
      continue;
    }
    const bytes = await download(place, id);
    if (!bytes.ok) {
      return bytes;
    }
    const { name, elementType, dims } = tensor;
    const floats = isHalved(program, elementType) ? floatsOfHalves(bytes.value) : bytes.value;
    outputs.set(name, { elementType, dims, bytes: floats });
  }
  return ok(outputs);
}

async function download(
  { helper, program, folder }: ProgramOnDevice,
  id: TensorId,
): Promise<Result<Uint8Array>> {
  const { offset, bytes } = present(program.memory.tensor(id), "memory of an output");
  if (bytes === 0) {
    return ok(new Uint8Array());
  }
  const path = join(folder, "output");
  const read = await helper.call("download", { offset, bytes, path });
  if (!read.ok) {
    return read;
  }
  try {
    return ok(Uint8Array.from(readFileSync(path)));
  } catch (error) {
    return fail([sideFileFailed(path, error)]);
  }
}

function isHalved({ model }: DeviceProgram, elementType: string): boolean {
  return elementType === "float32" && storageOf("float32", model.floats) === "f16";
}
