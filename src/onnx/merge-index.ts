/**
 * Operators that one launch can compute as a merged convolution.
 *
 * Convolutions that read the same input are one convolution: their filters stacked give one result
 * whose channels are the results one after the other. A smaller kernel sits inside a larger one
 * with zeros around it, where its pads allow it: a 1x1 convolution without pads is the middle of a
 * 3x3 one with pads of 1. Element-wise operators of one kind behind the parts are one operator as
 * well, for their inputs are neighbors in memory.
 *
 * Example: the branches of SqueezeNet's fire module, 64 filters of 1x1 and 64 of 3x3, become 128
 * filters of 3x3, 64 of them mostly zeros: one launch instead of two, for more arithmetic. A search
 * decides whether that pays.
 *
 * The results are neighbors only for a single sample: with N samples, the channels of all parts
 * take turns, and each part must be copied out.
 *
 * Source: Ding et al., IOS, MLSys 2021 (arXiv 2011.01302), section 3, "operator merge". Differs: strides
 * and dilations may be any, as long as they are alike; element-wise operators behind the
 * convolutions are merged too.
 */
import { productOf } from "../core/product.js";
import { elementBits } from "../ir/element-type.js";
import {
  type Operator,
  type OperatorId,
  type OperatorWork,
  sumOfWork,
  type TensorId,
} from "../ir/operator-graph.js";
import { NodeCall } from "./infer/node-call.js";
import { type WindowGeometry, windowGeometry } from "./infer/window-geometry.js";
import type { LoweredModel, TensorType } from "./lowered-model.js";
import {
  type ConvolutionPart,
  type MergedConvolution,
  type MergedElementwise,
  mergedConstants,
} from "./merged-operator.js";
import { operatorTypeNamed } from "./operators/catalog.js";

/** Outputs are neighbors only where each begins at a multiple of this: vector loads of any type. */
const JOINT_ELEMENTS = 8;

/** An index of the operators of a lowered model that can be merged. */
export class MergeIndex {
  readonly lowered: LoweredModel;
  readonly #tensors: ReadonlySet<string>;
  readonly #convolutions = new Map<OperatorId, Convolution | undefined>();
  readonly #signatures = new Map<OperatorId, string | undefined>();

  /** Cost: O(tensors). */
  constructor(lowered: LoweredModel) {
    this.lowered = lowered;
    this.#tensors = new Set(lowered.graph.tensors.map(({ name }) => name));
  }

  /**
   * Convolutions that can be merged with each other, in sets of two and more that are as large as
   * can be: any two or more of a set can be one operator.
   *
   * Order: of the operators. Cost: O(operators).
   */
  classes(): readonly (readonly OperatorId[])[] {
    const sets = new Map<string, OperatorId[]>();
    for (const { id } of this.lowered.graph.operators) {
      const convolution = this.#convolution(id);
      if (convolution !== undefined) {
        const set = sets.get(convolution.likeness) ?? [];
        sets.set(convolution.likeness, [...set, id]);
      }
    }
    return [...sets.values()].filter((set) => set.length > 1);
  }

  /** Kernel size of a convolution of a class. */
  kernelOf(id: OperatorId): readonly number[] {
    return this.#convolution(id)?.window.kernel ?? [];
  }

  /**
   * Returns the convolutions `members` as one, or `undefined` if they cannot be merged: they
   * differ, or the model has tensors with the names of the merged constants.
   *
   * Requires: at least two members, ascending.
   */
  convolution(members: readonly OperatorId[]): MergedConvolution | undefined {
    const found: Convolution[] = [];
    for (const id of members) {
      const convolution = this.#convolution(id);
      const like = found[0] ?? convolution;
      if (convolution === undefined || convolution.likeness !== like?.likeness) {
        return undefined;
      }
      found.push(convolution);
    }
    const [first] = found;
    const { types, graph } = this.lowered;
    const names = mergedConstants(graph.operators[members[0] ?? -1]?.name ?? "");
    const isFree = !types.has(names.weight) && !types.has(names.bias);
    return first === undefined || !isFree ? undefined : stacked(first, found);
  }

  /**
   * Returns element-wise operators as one, each reading one of `outputs` in their order, or
   * `undefined` if they differ. Requires: the outputs are neighbors in memory.
   */
  elementwise(
    members: readonly OperatorId[],
    outputs: readonly TensorId[],
  ): MergedElementwise | undefined {
    const { operators, tensors } = this.lowered.graph;
    const signatures = new Set<string | undefined>();
    const works: OperatorWork[] = [];
    let elements = 0;
    for (const [at, id] of members.entries()) {
      const operator = operators[id];
      const output = tensors[operator?.outputs[0] ?? -1];
      const isRight =
        operator?.inputs.length === 1 &&
        operator.inputs[0] === outputs[at] &&
        operator.outputs.length === 1;
      if (operator === undefined || output === undefined || !isRight) {
        return undefined;
      }
      signatures.add(this.#signatureOf(operator));
      works.push(operator.work);
      elements += productOf(output.dims);
    }
    if (signatures.size !== 1 || signatures.has(undefined) || members.length !== outputs.length) {
      return undefined;
    }
    return { kind: "elementwise", elements, work: works.reduce(sumOfWork) };
  }

  #signatureOf(operator: Operator): string | undefined {
    if (!this.#signatures.has(operator.id)) {
      this.#signatures.set(operator.id, this.#signature(operator));
    }
    return this.#signatures.get(operator.id);
  }

  /** The key that equal element-wise operators share; `undefined` for other operators. */
  #signature({ node: at, type }: Operator): string | undefined {
    const node = this.lowered.model.graph.nodes[at];
    if (node === undefined || operatorTypeNamed(type)?.isUnary !== true) {
      return undefined;
    }
    const own = this.lowered.types.get(node.inputs[0] ?? "");
    const others = node.inputs.slice(1).map((name) => this.lowered.constants.get(name)?.values);
    const areKnown = node.inputs
      .slice(1)
      .every((name, i) => name === "" || others[i] !== undefined);
    const attributes = [...node.attributes].sort(([a], [b]) => (a < b ? -1 : 1));
    // JSON has no infinities: they would all look the same, and like an omitted input.
    const exact = (_: string, value: unknown): unknown =>
      typeof value === "number" ? (Object.is(value, -0) ? "-0" : String(value)) : value;
    return areKnown
      ? JSON.stringify([type, own?.elementType, attributes, others], exact)
      : undefined;
  }

  #convolution(id: OperatorId): Convolution | undefined {
    if (!this.#convolutions.has(id)) {
      this.#convolutions.set(id, this.#read(id));
    }
    return this.#convolutions.get(id);
  }

  /** A convolution with constant filters over all channels, or `undefined`. */
  #read(id: OperatorId): Convolution | undefined {
    const { graph, model, types, viewOf } = this.lowered;
    const operator = graph.operators[id];
    const node = model.graph.nodes[operator?.node ?? -1];
    const [input = "", weight = "", bias = ""] = node?.inputs ?? [];
    const [x, w, y] = [input, weight, node?.outputs[0] ?? ""].map((name) => types.get(name));
    if (operator?.type !== "Conv" || node === undefined || operator.outputs.length !== 1) {
      return undefined;
    }
    const constants = [weight, bias].filter((name) => name !== "");
    const areConstant = constants.every((name) => !this.#tensors.has(viewOf.get(name) ?? name));
    if (x === undefined || w === undefined || y === undefined || !areConstant) {
      return undefined;
    }
    const call = new NodeCall(node, 1, []);
    const isFloat = x.elementType === "float32" || x.elementType === "float16";
    const spatial = x.dims.slice(2);
    const window = windowGeometry(call, spatial, y.dims.slice(2), w.dims.slice(2));
    const isWhole = (call.int("group") ?? 1) === 1 && !y.dims.includes(0) && !x.dims.includes(0);
    if (!isFloat || window === undefined || !isWhole || spatial.length > 3) {
      return undefined;
    }
    const { strides, dilations, begins } = window;
    // Kernels fit inside each other where their taps fall on the same positions.
    const phases = begins.map((begin, i) => modulo(begin, dilations[i] ?? 1));
    const source = viewOf.get(input) ?? input;
    const likeness = [source, x.dims, x.elementType, y.dims.slice(2), strides, dilations, phases];
    return {
      likeness: JSON.stringify(likeness),
      weight,
      bias: bias === "" ? undefined : bias,
      window,
      input: x,
      output: y,
      bytesRead: operator.work.bytesRead,
    };
  }
}

interface Convolution {
  /** The key that convolutions share when they can be merged. */
  readonly likeness: string;
  readonly weight: string;
  readonly bias: string | undefined;
  readonly window: WindowGeometry;
  readonly input: TensorType;
  readonly output: TensorType;
  readonly bytesRead: number;
}

/** The kernels inside the smallest one that has room for all, aligned by their leading pads. */
function stacked(first: Convolution, all: readonly Convolution[]): MergedConvolution {
  const { strides, dilations } = first.window;
  const spatial = first.input.dims.slice(2);
  const begins = spatial.map((_, i) => Math.max(...all.map(({ window }) => window.begins[i] ?? 0)));
  const parts = all.map(({ weight, bias, window, output }): ConvolutionPart => {
    const offsets = begins.map(
      (begin, i) => (begin - (window.begins[i] ?? 0)) / (dilations[i] ?? 1),
    );
    const [, channels = 0] = output.dims;
    return {
      weight,
      bias,
      channels,
      elements: productOf(output.dims),
      kernel: window.kernel,
      offsets,
    };
  });
  const kernel = spatial.map((_, i) =>
    Math.max(...parts.map((part) => (part.kernel[i] ?? 1) + (part.offsets[i] ?? 0))),
  );
  const [samples = 1, , ...positions] = first.output.dims;
  const ends = spatial.map((size, i) => {
    const extent = ((kernel[i] ?? 1) - 1) * (dilations[i] ?? 1) + 1;
    const last = ((positions[i] ?? 1) - 1) * (strides[i] ?? 1);
    return Math.max(0, last + extent - size - (begins[i] ?? 0));
  });
  const channels = parts.reduce((sum, part) => sum + part.channels, 0);
  const outputDims = [samples, channels, ...positions];
  const weightDims = [channels, first.input.dims[1] ?? 1, ...kernel];
  const isJoint =
    samples === 1 && parts.slice(0, -1).every(({ elements }) => elements % JOINT_ELEMENTS === 0);
  const elementBytes = elementBits(first.input.elementType) / 8;
  const hasBias = parts.some(({ bias }) => bias !== undefined);
  const results = productOf(outputDims);
  // Copying the parts reads and writes all results once more.
  const copied = isJoint ? 0 : results * elementBytes;
  return {
    kind: "convolution",
    parts,
    window: { kernel, strides, dilations, begins, ends },
    weightDims,
    outputDims,
    isJoint,
    work: {
      flops: results * (2 * productOf(weightDims.slice(1)) + (hasBias ? 1 : 0)),
      bytesRead: first.bytesRead + copied,
      bytesWritten: results * elementBytes + copied,
      parameterBytes: (productOf(weightDims) + (hasBias ? channels : 0)) * elementBytes,
    },
  };
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
