import { criticalPath } from "../ir/critical-path.js";
import { isHeavyForm } from "../ir/operator-form.js";
import type { Operator } from "../ir/operator-graph.js";
import { type Width, widthOf } from "../ir/width.js";
import { countParameters, type ParameterCount } from "./count-parameters.js";
import type { DataSize } from "./data-sizes.js";
import { withKernelList } from "./fuse/fuse-operators.js";
import { type FusionList, launchCount } from "./kernel-groups.js";
import type { BoundDim, LoweredModel } from "./lowered-model.js";
import type { ValueInfo } from "./model.js";

/** Operators of one type, together. */
export interface TypeSummary {
  readonly type: string;
  readonly operators: number;
  readonly flops: number;
  /** Activations and parameters, read and written. */
  readonly bytes: number;
}

/** An input or output of a model. */
export interface ModelValue {
  readonly name: string;
  /**
   * Element type as ONNX Runtime calls it, such as `float32`; `not a tensor` for sequences and
   * optional values.
   */
  readonly type: string;
  /** Sizes at which the model was lowered; absent for what is not a tensor. */
  readonly dims?: readonly number[];
}

/** A dynamic dim with its size and its places. */
export interface PlacedDim extends BoundDim {
  /** Axes of inputs that have this dim, as `INPUT[AXIS]`. */
  readonly places: readonly string[];
}

/** Summary of a model. */
export interface Inspection {
  readonly model: string;
  readonly irVersion: number;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  /** Inputs that the caller feeds: without initializers, in the model's order. */
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  readonly nodes: {
    readonly total: number;
    readonly operators: number;
    readonly views: number;
    readonly constant: number;
    readonly dead: number;
  };
  /** What a GPU launches for an inference, by kernel list (docs/fusion.md). */
  readonly launches: Readonly<Record<FusionList, number>>;
  readonly flops: number;
  /** Activation bytes read and written by all operators. */
  readonly activationBytes: number;
  /** Constants read by operators: each as often as it is read. */
  readonly parameterBytes: number;
  /** Learned numbers, each counted once. */
  readonly parameters: ParameterCount;
  /** By FLOPs, then by count, then by name. */
  readonly types: readonly TypeSummary[];
  /** Most operators that can run at once: all, and only the heavy ones. */
  readonly width: WidthSummary;
  readonly heavyWidth: WidthSummary;
  readonly criticalPath: {
    readonly operators: number;
    /** The path with the most FLOPs, as a share of all FLOPs. */
    readonly flopsShare: number;
  };
  /** Every operator, in the order of the model: the names by which placements call them. */
  readonly operators: readonly { readonly name: string; readonly type: string }[];
  /** Operators of unknown types, whose cost is by bytes alone: node names. */
  readonly unknownOperators: readonly string[];
  /** Loops with an iteration count known only at run time, counted as one iteration: node names. */
  readonly guessedLoops: readonly string[];
  /** Tensors whose sizes depend on data, with those of a run or their bounds; absent: none. */
  readonly dataSizes?: readonly DataSize[];
  /** Sizes given to dynamic dims, and whether by an option or by default. */
  readonly boundDims: readonly PlacedDim[];
  readonly typeSources: LoweredModel["typeSources"];
}

/** A width, or bounds of it for graphs that are too large. */
export interface WidthSummary {
  readonly lowerBound: number;
  readonly upperBound: number;
  readonly isExact: boolean;
}

/** Convolutions, matrix products, recurrent operators and attention. */
export function isHeavy({ form }: Operator): boolean {
  return isHeavyForm(form);
}

/** Summarizes a lowered model. Cost: that of `widthOf`, twice. */
export function inspectModel(lowered: LoweredModel): Inspection {
  const { model, graph, roles } = lowered;
  const count = (role: string): number => roles.filter((each) => each === role).length;
  const sum = (of: (operator: Operator) => number): number =>
    graph.operators.reduce((total, operator) => total + of(operator), 0);
  const flops = sum(({ work }) => work.flops);
  const heaviest = criticalPath(graph, ({ work }) => work.flops);
  return {
    model: model.graph.name,
    irVersion: model.irVersion,
    opsets: [...model.opsets]
      .map(([domain, version]) => ({ domain: domain === "" ? "ai.onnx" : domain, version }))
      .sort((a, b) => (a.domain < b.domain ? -1 : 1)),
    inputs: model.graph.inputs.map((value) => modelValue(lowered, value)),
    outputs: model.graph.outputs.map((value) => modelValue(lowered, value)),
    nodes: {
      total: roles.length,
      operators: count("operator"),
      views: count("view"),
      constant: count("constant"),
      dead: count("dead"),
    },
    launches: launchesOf(lowered),
    flops,
    activationBytes: sum(({ work }) => work.bytesRead + work.bytesWritten),
    parameterBytes: sum(({ work }) => work.parameterBytes),
    parameters: countParameters(lowered),
    types: typesOf(graph.operators),
    width: summaryOf(widthOf(graph)),
    heavyWidth: summaryOf(widthOf(graph, isHeavy)),
    criticalPath: {
      operators: criticalPath(graph, () => 1).operators.length,
      flopsShare: flops === 0 ? 0 : heaviest.length / flops,
    },
    operators: graph.operators.map(({ name, type }) => ({ name, type })),
    unknownOperators: lowered.unknownOperators,
    guessedLoops: lowered.guessedLoops,
    ...(lowered.dataSizes.length === 0 ? {} : { dataSizes: lowered.dataSizes }),
    boundDims: lowered.boundDims.map((dim) => ({
      ...dim,
      places: placesOf(model.graph.inputs, dim),
    })),
    typeSources: lowered.typeSources,
  };
}

function launchesOf(lowered: LoweredModel): Inspection["launches"] {
  const { operators } = lowered.graph;
  const launches = (list: FusionList): number =>
    launchCount(withKernelList(lowered, list).fused, operators.length);
  return {
    patterns: launches("patterns"),
    elements: launches("elements"),
    none: launches("none"),
  };
}

function modelValue({ types }: LoweredModel, { name, elementType }: ValueInfo): ModelValue {
  const type = types.get(name);
  return type === undefined
    ? { name, type: elementType ?? "not a tensor" }
    : { name, type: type.elementType, dims: type.dims };
}

function placesOf(inputs: readonly ValueInfo[], { name }: BoundDim): readonly string[] {
  return inputs.flatMap((input) =>
    (input.dims ?? []).flatMap((dim, axis) => {
      const place = `${input.name}[${axis}]`;
      return dim === name || (dim === undefined && place === name) ? [place] : [];
    }),
  );
}

function summaryOf({ width, upperBound, isExact }: Width): WidthSummary {
  return { lowerBound: width, upperBound, isExact };
}

function typesOf(operators: readonly Operator[]): TypeSummary[] {
  const byType = new Map<string, { operators: number; flops: number; bytes: number }>();
  for (const { type, work } of operators) {
    const sum = byType.get(type) ?? { operators: 0, flops: 0, bytes: 0 };
    sum.operators++;
    sum.flops += work.flops;
    sum.bytes += work.bytesRead + work.bytesWritten + work.parameterBytes;
    byType.set(type, sum);
  }
  return [...byType]
    .map(([type, sum]) => ({ type, ...sum }))
    .sort((a, b) => b.flops - a.flops || b.operators - a.operators || (a.type < b.type ? -1 : 1));
}
