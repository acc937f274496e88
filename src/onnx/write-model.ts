import protobuf from "protobufjs/minimal.js";
import { productOf } from "../core/product.js";
import { fail, ok, type Result } from "../core/result.js";
import { bytesOf, dataTypeOf } from "../ir/element-type.js";
import { bodiesOf } from "./bodies.js";
import { modelTooLarge, weightsMissing } from "./failures.js";
import { fillSkeleton } from "./fill-skeleton.js";
import type { ConstantValue, TensorType } from "./lowered-model.js";
import type { AttributeValue, Dim, OnnxModel, OnnxNode, OnnxTensor } from "./model.js";
import type { PayloadReader } from "./read-payload.js";
import { readElements } from "./read-weight.js";
import { concatenate } from "./rewrite-node.js";
import type { ExternalPlace, StageWeights } from "./stage-weights.js";
import { writtenVersions } from "./written-versions.js";

/** An input, output or typed value of a written model. */
export interface TypedValue {
  readonly name: string;
  readonly type: DeclaredType | undefined;
}

/** A type as a model declares it. */
export interface DeclaredType {
  readonly elementType: TensorType["elementType"];
  /** `undefined`: of unknown rank; a dim is a size, a name or open. */
  readonly dims: readonly Dim[] | undefined;
}

/** The parts of a written model. */
export interface ModelParts {
  readonly model: OnnxModel;
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly TypedValue[];
  readonly outputs: readonly TypedValue[];
  /** Values inside the graph with a declared type, or with a name alone to request one. */
  readonly valueInfo?: readonly TypedValue[];
  readonly initializers: readonly OnnxTensor[];
  /** Values known at compile time, written as initializers. */
  readonly constants: ReadonlyMap<string, ConstantValue>;
  /** The file of larger initializers; absent: all are inline. */
  readonly weights?: StageWeights;
}

/** Older versions want initializers repeated among the inputs. */
const LEAST_IR = 4;

/** Protobuf messages end at 2 GiB; some room is left for structure. */
const MAX_WEIGHT_BYTES = 7 * 2 ** 28;

const BYTES = 2;

/**
 * A runnable ONNX file of the parts: nodes as in the file (unknown fields kept), weights inline or
 * as references.
 *
 * Fails: `weights-missing`, `model-too-large`. Cost: linear in the bytes written.
 */
export function writeModel(parts: ModelParts, payloads: PayloadReader): Result<Uint8Array> {
  const { model } = parts;
  const weightBytes = inlineBytes(parts);
  if (weightBytes > MAX_WEIGHT_BYTES) {
    return fail([modelTooLarge(model.path, weightBytes, MAX_WEIGHT_BYTES)]);
  }
  const graph: Uint8Array[] = [];
  for (const node of parts.nodes) {
    const written = writeNode(node, payloads);
    if (!written.ok) {
      return written;
    }
    graph.push(header(1, written.value.length), written.value);
  }
  graph.push(protobuf.Writer.create().uint32(tag(2)).string(parts.name).finish());
  for (const tensor of parts.initializers) {
    const place = parts.weights?.placeOf(tensor);
    const written =
      place === undefined
        ? writeTensor(tensor, model, payloads)
        : writeReference(tensor, place, payloads);
    if (!written.ok) {
      return written;
    }
    graph.push(header(5, written.value.length), written.value);
  }
  for (const [name, value] of parts.constants) {
    const bytes = writeConstant(name, value);
    graph.push(header(5, bytes.length), bytes);
  }
  const borders = [
    [11, parts.inputs],
    [12, parts.outputs],
    [13, parts.valueInfo ?? []],
  ] as const;
  for (const [field, values] of borders) {
    for (const value of values) {
      const bytes = writeValueInfo(value);
      graph.push(header(field, bytes.length), bytes);
    }
  }
  const graphBytes = graph.reduce((sum, piece) => sum + piece.length, 0);
  return ok(concatenate([modelHead(model, parts.nodes), header(7, graphBytes), ...graph]));
}

/** Bytes of the weights that will stand in the model itself, told by dims and types alone. */
function inlineBytes({ initializers, weights, nodes }: ModelParts): number {
  const inline = initializers.filter((tensor) => weights?.placeOf(tensor) === undefined);
  return [...inline, ...nodes.flatMap(tensorsOf)].reduce(
    (sum, { elementType, dims }) => sum + bytesOf(elementType, productOf(dims)),
    0,
  );
}

/** Tensors in the attributes of a node, bodies included. */
function tensorsOf(node: OnnxNode): OnnxTensor[] {
  const own = [...node.attributes.values()].flatMap((each) =>
    each.kind === "tensor" ? [each.value] : [],
  );
  const inside = bodiesOf(node).flatMap(({ initializers, nodes }) => [
    ...initializers,
    ...nodes.flatMap(tensorsOf),
  ]);
  return [...own, ...inside];
}

function tag(field: number): number {
  return field * 8 + BYTES;
}

function header(field: number, bytes: number): Uint8Array {
  return protobuf.Writer.create().uint32(tag(field)).uint32(bytes).finish();
}

function modelHead(model: OnnxModel, nodes: readonly OnnxNode[]): Uint8Array {
  const writer = protobuf.Writer.create();
  const { irVersion, opsets } = writtenVersions(model, nodes);
  writer.uint32(8).int64(Math.max(LEAST_IR, irVersion));
  writer.uint32(tag(2)).string(model.producer);
  for (const [domain, version] of opsets) {
    writer.uint32(tag(8)).fork().uint32(tag(1)).string(domain).uint32(16).int64(version).ldelim();
  }
  return concatenate([writer.finish(), model.extra]);
}

/** The node as in the file, with the payloads that its skeleton lacks. */
function writeNode(node: OnnxNode, payloads: PayloadReader): Result<Uint8Array> {
  const holdsTensors = [...node.attributes.values()].some(({ kind }) => HOLDERS.has(kind));
  return holdsTensors ? fillSkeleton(node.raw, "node", payloads) : ok(node.raw);
}

/** Attributes that can hold tensors. */
const HOLDERS: ReadonlySet<AttributeValue["kind"]> = new Set([
  "tensor",
  "graph",
  "graphs",
  "other",
]);

function writeTensor(
  tensor: OnnxTensor,
  model: OnnxModel,
  payloads: PayloadReader,
): Result<Uint8Array> {
  const head = tensorHead(tensor.name, tensor);
  const { payload } = tensor;
  const withRaw = (bytes: Uint8Array): Uint8Array =>
    concatenate([head, header(9, bytes.length), bytes]);
  switch (payload.kind) {
    case "inline":
      return ok(withRaw(payload.bytes));
    case "file": {
      const read = payloads.fromModel(tensor.name, payload.offset, payload.bytes);
      return read.ok ? ok(withRaw(read.value)) : read;
    }
    case "external": {
      const read = payloads.external(tensor);
      return read.ok ? ok(withRaw(read.value)) : read;
    }
    case "coded": {
      const pieces = [head];
      for (const piece of payload.pieces) {
        const read = payloads.fromModel(tensor.name, piece.offset, piece.bytes);
        if (!read.ok) {
          return read;
        }
        pieces.push(read.value);
      }
      return ok(concatenate(pieces));
    }
    case "strings": {
      const writer = protobuf.Writer.create();
      for (const value of payload.values) {
        writer.uint32(tag(6)).string(value);
      }
      return ok(concatenate([head, writer.finish()]));
    }
    case "sparse": {
      const dense = readElements(tensor, model.path, payloads);
      return dense.ok ? ok(withRaw(dense.value)) : dense;
    }
    default:
      return tensor.dims.includes(0)
        ? ok(head)
        : fail([weightsMissing(model.path, tensor.name, "they were stripped from the model")]);
  }
}

/** A tensor whose elements are in another file. */
function writeReference(
  tensor: OnnxTensor,
  { location, offset, bytes }: ExternalPlace,
  payloads: PayloadReader,
): Result<Uint8Array> {
  const present =
    tensor.payload.kind === "external" ? payloads.externalWindow(tensor) : ok(undefined);
  if (!present.ok) {
    return present;
  }
  const writer = protobuf.Writer.create();
  const entries = [
    ["location", location],
    ["offset", String(offset)],
    ["length", String(bytes)],
  ] as const;
  for (const [key, value] of entries) {
    writer.uint32(tag(13)).fork().uint32(tag(1)).string(key).uint32(tag(2)).string(value).ldelim();
  }
  writer.uint32(14 * 8).int32(1);
  return ok(concatenate([tensorHead(tensor.name, tensor), writer.finish()]));
}

function tensorHead(name: string, type: TensorType): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const size of type.dims) {
    writer.uint32(8).int64(size);
  }
  return writer.uint32(16).int32(dataTypeOf(type.elementType)).uint32(tag(8)).string(name).finish();
}

/** The bytes of one known value, little-endian. */
function writeConstant(name: string, value: ConstantValue): Uint8Array {
  const bytes = new Uint8Array(bytesOf(value.elementType, value.values.length));
  const view = new DataView(bytes.buffer);
  const put = setterOf(value, view);
  value.values.forEach((item, at) => {
    put(at, item);
  });
  return concatenate([tensorHead(name, value), header(9, bytes.length), bytes]);
}

function setterOf(
  { elementType }: ConstantValue,
  view: DataView,
): (at: number, value: number) => void {
  switch (elementType) {
    case "int64":
      // Bounds such as the largest integer ("to the end") are rounded up in a double.
      return (at, value) =>
        view.setBigInt64(at * 8, value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value), true);
    case "uint64":
      return (at, value) => view.setBigUint64(at * 8, BigInt(Math.trunc(value)), true);
    case "int32":
      return (at, value) => view.setInt32(at * 4, value, true);
    case "uint32":
      return (at, value) => view.setUint32(at * 4, value, true);
    case "int16":
    case "uint16":
      return (at, value) => view.setInt16(at * 2, value, true);
    case "float64":
      return (at, value) => view.setFloat64(at * 8, value, true);
    case "float32":
      return (at, value) => view.setFloat32(at * 4, value, true);
    default:
      return (at, value) => view.setInt8(at, value);
  }
}

function writeValueInfo({ name, type }: TypedValue): Uint8Array {
  const writer = protobuf.Writer.create().uint32(tag(1)).string(name);
  if (type !== undefined) {
    writer.uint32(tag(2)).fork().uint32(tag(1)).fork();
    writer.uint32(8).int32(dataTypeOf(type.elementType));
    if (type.dims !== undefined) {
      writer.uint32(tag(2)).fork();
      for (const dim of type.dims) {
        writeDim(writer.uint32(tag(1)).fork(), dim).ldelim();
      }
      writer.ldelim();
    }
    writer.ldelim().ldelim();
  }
  return writer.finish();
}

function writeDim(writer: protobuf.Writer, dim: Dim): protobuf.Writer {
  if (dim === undefined) {
    return writer;
  }
  return typeof dim === "number" ? writer.uint32(8).int64(dim) : writer.uint32(tag(2)).string(dim);
}
