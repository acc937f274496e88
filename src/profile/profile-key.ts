/**
 * The key of a profile: everything that it depends on. A profile is used again only if every part is
 * the same; each part states why it is here. Not in the key, because times do not depend on it: the
 * values of weights (unless they are denormal numbers, which ONNX Runtime computes many times slower),
 * the model's place and name, the load of the machine (it makes a profile noisy, not invalid).
 */
import { arch, availableParallelism, cpus } from "node:os";
import { sha256 } from "../core/digest.js";
import { ok, type Result } from "../core/result.js";
import { stableJson } from "../core/stable-json.js";
import { printDataSize } from "../onnx/data-sizes.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { digestOfGiven, type InputSource } from "../runtime/input-source.js";
import { loadOnnxRuntime } from "../runtime/onnx-runtime.js";

/**
 * Raised whenever the method of measuring changes what the figures mean: profiles measured
 * differently must not be compared. 2: worker threads that have reached their speed, awake and asleep,
 * and what the two ends of an inference cost. 3: workers that stay awake for a millisecond, and segments with what
 * cuts of the model cost.
 */
export const PROFILE_METHOD_VERSION = 3;

/** The parts of a key, in the order in which they are compared. */
export interface ProfileKey {
  /** See `PROFILE_METHOD_VERSION`. */
  readonly method: number;
  /** Digest of nodes, attributes, static shapes and weights' shapes: they decide what is computed. */
  readonly modelSha256: string;
  /** See `sizesInKey`: in the shapes too, but worth naming when they differ. */
  readonly dims: readonly string[];
  /** Model name of the processor: its speed. */
  readonly processor: string;
  /** Processors that this process may use: bounds workers and the baseline with all cores. */
  readonly logicalCores: number;
  /** Instruction set, which decides the library's kernels. */
  readonly architecture: string;
  /** Version of ONNX Runtime: kernels and fusions. */
  readonly onnxruntime: string;
  /** Digest of the inputs that the user gave: they decide sizes, branches and trips. Absent: none. */
  readonly inputs?: string;
}

/** The machine as a key and a profile name it. */
export interface Machine {
  readonly processor: string;
  readonly logicalCores: number;
  readonly architecture: string;
  readonly node: string;
}

/** This machine. */
export function thisMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() || "unknown processor",
    logicalCores: availableParallelism(),
    architecture: arch(),
    node: process.versions.node,
  };
}

/** The key of a model with these inputs on this machine. Fails: `onnxruntime-missing`. */
export async function profileKeyOf(
  lowered: LoweredModel,
  source: InputSource,
  machine: Machine = thisMachine(),
): Promise<Result<ProfileKey>> {
  const runtime = await loadOnnxRuntime();
  if (!runtime.ok) {
    return runtime;
  }
  const inputs = digestOfGiven(source);
  return ok({
    method: PROFILE_METHOD_VERSION,
    modelSha256: modelDigest(lowered),
    dims: sizesInKey(lowered),
    processor: machine.processor,
    logicalCores: machine.logicalCores,
    architecture: machine.architecture,
    onnxruntime: runtime.value.version,
    ...(inputs === undefined ? {} : { inputs }),
  });
}

/** Sizes given to dynamic dims, as `name=size`, then those that depend on data (`printDataSize`). */
export function sizesInKey({ boundDims, dataSizes }: LoweredModel): readonly string[] {
  return [...boundDims.map(({ name, size }) => `${name}=${size}`), ...dataSizes.map(printDataSize)];
}

/** The name under which a profile is stored: 32 hexadecimal digits. */
export function keyDigest(key: ProfileKey): string {
  return sha256(stableJson({ ...key })).slice(0, 32);
}

/**
 * Digest of everything of a model that decides what is computed, and of the names by which a profile
 * refers to it; weights count by name, type and shape.
 *
 * Cost: O(nodes + tensors); the weights are not read.
 */
export function modelDigest(lowered: LoweredModel): string {
  const { graph } = lowered.model;
  return sha256(
    stableJson({
      opsets: [...lowered.model.opsets].sort().map(([domain, version]) => `${domain}:${version}`),
      nodes: graph.nodes.map((node) => sha256(node.raw)),
      weights: graph.initializers.map(
        ({ name, elementType, dims }) => `${name} ${elementType} [${dims.join()}]`,
      ),
      tensors: lowered.graph.tensors.map(
        ({ name, elementType, dims }) => `${name} ${elementType} [${dims.join()}]`,
      ),
      operators: lowered.graph.operators.map(
        ({ name, inputs, outputs }) => `${name} (${inputs.join()}) (${outputs.join()})`,
      ),
      outputs: [...lowered.graph.outputs],
    }),
  );
}
