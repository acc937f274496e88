/**
 * Many operator cases on one device, one after the other: all kernels are compiled at once, and one arena
 * holds each case in turn. Opening a device and compiling for each case would take most of the time on a GPU.
 */
import { join } from "node:path";
import { present } from "../../src/core/invariant.js";
import { seededRandom } from "../../src/core/random.js";
import { emitModel } from "../../src/kernels/emit.js";
import { kernelSources } from "../../src/kernels/language/kernel-source.js";
import { precisionPlan } from "../../src/kernels/precision.js";
import type { Outputs } from "../../src/profile/gpu/check-gpu-outputs.js";
import { oneStream } from "../../src/profile/gpu/measure-gpu-schedules.js";
import type { GpuHelper } from "../../src/runtime/cuda/client/gpu-helper.js";
import type { HelperNode } from "../../src/runtime/cuda/client/nodes.js";
import { constantUploads } from "../../src/runtime/cuda/program/constants.js";
import {
  buildProgram,
  COMPILE_OPTIONS,
  type DeviceProgram,
  helperNodes,
  helperSchedule,
} from "../../src/runtime/cuda/program/program.js";
import type { TensorData } from "../../src/runtime/tensor-data.js";
import { expectDone } from "./native-helper.js";
import { encodeCase, lowerBytes } from "./operator-models.js";
import { expectedOutputs, type OracleCase, randomTensor } from "./operator-oracle.js";

const PRECISION = precisionPlan("ieee");

/** A case with its inputs and what is to come out. */
export interface PreparedCase {
  readonly title: string;
  readonly program: DeviceProgram;
  readonly feeds: Outputs;
  readonly reference: Outputs;
}

/** Device code and reference of a case, in full float32. Cost: one run of ONNX Runtime. */
export async function prepareCase(each: OracleCase): Promise<PreparedCase> {
  const bytes = encodeCase(each);
  const lowered = await lowerBytes(bytes);
  if (!lowered.ok) {
    throw new Error(lowered.error[0].message);
  }
  const random = seededRandom(1);
  const feeds = new Map(
    lowered.value.model.graph.inputs.map(({ name }) => {
      const { elementType, dims } = present(lowered.value.types.get(name), name);
      const range = each.ranges?.[Number(name.slice(1))];
      return [name, randomTensor(elementType, dims, range, random)] as const;
    }),
  );
  const model = emitModel(lowered.value, {
    floats: "f32",
    estimateUnsupported: false,
  });
  if (!model.ok) {
    throw new Error(model.error[0].message);
  }
  return {
    title: `${each.type} ${each.inputs}`,
    program: buildProgram(model.value, PRECISION, { kind: "none" }),
    feeds,
    reference: await expectedOutputs(lowered.value, bytes, feeds),
  };
}

/** Cases on an open device. */
export class OperatorBatch {
  readonly #helper: GpuHelper;
  readonly #kernels: DeviceProgram["kernels"];
  readonly #modules: readonly number[];
  readonly #folder: string;

  private constructor(
    helper: GpuHelper,
    made: Pick<DeviceProgram, "kernels"> & { readonly modules: readonly number[] },
    folder: string,
  ) {
    this.#helper = helper;
    this.#kernels = made.kernels;
    this.#modules = made.modules;
    this.#folder = folder;
  }

  /** Opens the device for all of the cases; `folder` takes temporary files. */
  static async open(
    helper: GpuHelper,
    cases: readonly PreparedCase[],
    folder: string,
  ): Promise<OperatorBatch> {
    await expectDone(helper, "open", { device: 0 });
    const kernels = kernelSources(cases.flatMap(({ program }) => program.model.plans));
    const modules: number[] = [];
    for (const source of kernels.sources) {
      const request = { source, options: COMPILE_OPTIONS };
      modules.push(present((await expectDone(helper, "compile", request)).module, "module"));
    }
    const bytes = Math.max(256, ...cases.map(({ program }) => program.memory.bytes));
    await expectDone(helper, "arena", { bytes });
    return new OperatorBatch(helper, { kernels, modules }, folder);
  }

  /** The outputs of a case on one stream; what no kernel wrote is NaN. */
  async run({ program: own, feeds }: PreparedCase): Promise<Outputs> {
    const program = { ...own, kernels: this.#kernels };
    const { graph } = program.model.lowered;
    const { offset, bytes } = program.memory.activations;
    const poison: readonly HelperNode[] =
      bytes === 0 ? [] : [{ kind: "memset", offset, bytes, value: 0xff }];
    const nodes = [...helperNodes(program, this.#modules), ...poison];
    await expectDone(this.#helper, "program", { nodes });
    await this.#upload(program, feeds);
    await expectDone(this.#helper, "run", {
      schedule: helperSchedule(program, oneStream(graph)),
      ...(bytes === 0 ? {} : { prelude: nodes.length - 1 }),
    });
    const outputs = new Map<string, TensorData>();
    for (const id of graph.outputs) {
      const { name, elementType, dims } = present(graph.tensors[id], "output");
      const range = present(program.memory.tensor(id), "range");
      const { base64 = "" } = await expectDone(this.#helper, "download", range);
      outputs.set(name, {
        elementType,
        dims,
        bytes: Uint8Array.from(Buffer.from(base64, "base64")),
      });
    }
    return outputs;
  }

  async #upload(program: DeviceProgram, feeds: Outputs): Promise<void> {
    const { graph } = program.model.lowered;
    const side = join(this.#folder, "side");
    const constants = await constantUploads(program.model, program.memory, side);
    const inputs = graph.inputs.flatMap((id) => {
      const { bytes } = present(feeds.get(present(graph.tensors[id], "input").name), "feed");
      const { offset } = present(program.memory.tensor(id), "range");
      return bytes.length === 0 ? [] : [{ base64: Buffer.from(bytes).toString("base64"), offset }];
    });
    const items = [...(constants.ok ? constants.value : []), ...inputs];
    await expectDone(this.#helper, "upload", { items });
  }
}
