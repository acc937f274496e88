/**
 * An ONNX model as read: names, structure and attributes, without the payload of its weights.
 * Shared by the reader (which makes it), shape inference and folding (which read it) and the
 * sub-model writer (which writes parts of it again, including fields it does not know).
 */
import type { ElementType } from "../ir/element-type.js";

/** A size in a declared shape: a number, a name (`dim_param`), or unknown. */
export type Dim = number | string | undefined;

/** The declared type of a value, from `value_info`, inputs and outputs. */
export interface ValueInfo {
  readonly name: string;
  /** `undefined`: no type, or not a tensor. */
  readonly elementType: ElementType | undefined;
  /** What it is declared to be, where that is not a tensor. */
  readonly other?: NonTensor;
  /** `undefined`: unknown rank. */
  readonly dims: readonly Dim[] | undefined;
}

/** What a value can be besides a tensor. */
export type NonTensor = "a sequence" | "a map" | "an optional value" | "a sparse tensor" | "opaque";

/** The place of the elements of a tensor. */
export type Payload =
  /** Little-endian element bytes (sub-byte types packed), in memory because they are few. */
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  /** `raw_data` at a place of the model file itself. */
  | { readonly kind: "file"; readonly offset: number; readonly bytes: number }
  /** Typed fields (`float_data`, ...) at a place of the model file itself: whole protobuf fields, tags included. */
  | {
      readonly kind: "coded";
      readonly pieces: readonly {
        readonly field: number;
        readonly offset: number;
        readonly bytes: number;
      }[];
    }
  /** External data; `location` is as written in the model, relative to it. */
  | {
      readonly kind: "external";
      readonly location: string;
      readonly offset: number;
      readonly bytes: number | undefined;
    }
  | { readonly kind: "strings"; readonly values: readonly string[] }
  /** Few values and their places among the elements, all others being zero. */
  | { readonly kind: "sparse"; readonly values: OnnxTensor; readonly indices: OnnxTensor }
  /** Weights were stripped: the shape is known, the elements are not. */
  | { readonly kind: "absent" };

/** A constant tensor: an initializer, or the value of an attribute. */
export interface OnnxTensor {
  readonly name: string;
  readonly elementType: ElementType;
  readonly dims: readonly number[];
  readonly payload: Payload;
}

/** The value of a node's attribute. Integers beyond 2^53 lose their last bits here, not in `raw`. */
export type AttributeValue =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: OnnxTensor }
  | { readonly kind: "graph"; readonly value: OnnxGraph }
  | { readonly kind: "graphs"; readonly value: readonly OnnxGraph[] }
  /** In the body of a function: the value of the function's attribute of that name. */
  | { readonly kind: "reference"; readonly attribute: string }
  /** Sparse tensors, type protos and anything newer: kept in `raw` only. */
  | { readonly kind: "other" };

/** One node. An empty name in `inputs` or `outputs` is an omitted optional value. */
export interface OnnxNode {
  /** Name in the file, possibly empty or repeated. */
  readonly name: string;
  readonly opType: string;
  /** Empty for the default domain (`ai.onnx` is normalized to it). */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  /** The NodeProto as it stands in the file, large payloads replaced by marks (`skeleton.ts`). */
  readonly raw: Uint8Array;
}

/** The main graph, or a branch or body of a control-flow node. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  /** Without those that only repeat an initializer (IR 3 demands the repetition). */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly valueInfo: readonly ValueInfo[];
  readonly initializers: readonly OnnxTensor[];
}

/** A model-local function. */
export interface OnnxFunction {
  readonly name: string;
  readonly domain: string;
  /** Distinguishes functions of one name and domain (IR 10); usually empty. */
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly OnnxNode[];
  /** Names of attributes that the body refers to, and their defaults. */
  readonly attributes: readonly string[];
  readonly attributeDefaults: ReadonlyMap<string, AttributeValue>;
  readonly opsets: ReadonlyMap<string, number>;
  /** The FunctionProto as it stands in the file, large payloads replaced by marks. */
  readonly raw: Uint8Array;
}

/** A model file, weights untouched. */
export interface OnnxModel {
  /** Path as given. */
  readonly path: string;
  /** Further places for external data besides its own folder, as the user allows; default none. */
  readonly allowExternal?: readonly string[];
  readonly fileBytes: number;
  readonly irVersion: number;
  /** Domain (default domain: empty) to opset version. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly producer: string;
  readonly graph: OnnxGraph;
  readonly functions: readonly OnnxFunction[];
  /** Further fields of the ModelProto (metadata, documentation, unknown ones), as they stand. */
  readonly extra: Uint8Array;
}
