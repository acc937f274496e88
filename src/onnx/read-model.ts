/**
 * Reading an ONNX file without its weights.
 *
 * The walk visits every field of the file once and skips payloads by their length, so time and
 * memory follow the structure (nodes, names, shapes), not the weights: a model of 500 MB whose
 * structure is a megabyte costs what a megabyte costs.
 */
import { documentKind } from "../core/json-document.js";
import { fail, ok, type Result } from "../core/result.js";
import type { ByteSource } from "./byte-source.js";
import {
  addOpset,
  decodeAttribute,
  decodeMainGraph,
  decodeNode,
  decodeSkeleton,
} from "./decode-node.js";
import { MAX_NAME_BYTES } from "./decode-tensor.js";
import {
  modelInvalid,
  modelMalformed,
  modelOfOtherKind,
  modelUnreadable,
  modelVersionUnsupported,
} from "./failures.js";
import { FileWindow } from "./file-window.js";
import type { AttributeValue, OnnxFunction, OnnxGraph, OnnxModel, OnnxNode } from "./model.js";
import { concatenate } from "./rewrite-node.js";
import { eachField, integerAt, messageAt, type Span, textAt } from "./wire.js";
import { WireError } from "./wire-error.js";

/** IR versions and opsets of the default domain that are read. */
const SUPPORTED: {
  readonly ir: readonly [number, number];
  readonly opset: readonly [number, number];
} = { ir: [3, 14], opset: [7, 28] };

/** Memory limit of reading: ten times the structure of the largest exported models. */
const MAX_STRUCTURE_BYTES = 256 * 2 ** 20;

/** Functions that a model may define. */
const MAX_FUNCTIONS = 10_000;

/** Largest field of the model itself (documentation, metadata) that is kept. */
const MAX_EXTRA_BYTES = 2 ** 24;

/**
 * Reads the structure of a model; its external data may lie in its folder and in `allowExternal`,
 * files or folders.
 *
 * Fails: `model-unreadable`, `model-other-format`, `model-malformed`, `model-version`,
 * `model-invalid`. Cost: O(file structure); constant memory besides the result.
 */
export function readModel(path: string, allowExternal: readonly string[] = []): Result<OnnxModel> {
  let file: FileWindow;
  try {
    file = new FileWindow(path, MAX_STRUCTURE_BYTES);
  } catch (cause) {
    return fail([modelUnreadable(path, cause)]);
  }
  try {
    const kind = otherKind(file);
    if (kind !== undefined) {
      return fail([modelOfOtherKind(path, kind)]);
    }
    return checkModel({ ...decodeModel(path, file), allowExternal });
  } catch (error) {
    if (error instanceof WireError) {
      if (isText(file)) {
        return fail([modelOfOtherKind(path, "text")]);
      }
      return fail([modelMalformed(path, error.message, error.offset)]);
    }
    throw error;
  } finally {
    file.close();
  }
}

const MAGIC: readonly (readonly [string, string])[] = [
  ["\x89PNG", "a PNG picture"],
  ["PK\x03\x04", "a zip archive (a PyTorch file?)"],
  ["\x1f\x8b", "a gzip archive"],
  ["GGUF", "a GGUF model"],
  ["<!DOC", "an HTML page"],
  ["<html", "an HTML page"],
  ["<?xml", "an XML document"],
  ["{", "JSON text"],
  ["\x7fELF", "a program"],
  ["%PDF", "a PDF document"],
  ["\x89HDF", "an HDF5 file (a Keras model?)"],
  ["\xff\xd8\xff", "a JPEG picture"],
  ["version https://git-lfs", "a Git LFS pointer"],
];

/** The kind of file by its first bytes, if it is a known one other than ONNX. */
function otherKind(file: FileWindow): string | undefined {
  if (file.bytes === 0) {
    return "empty";
  }
  const head = String.fromCharCode(...file.copy(0, Math.min(128, file.bytes)));
  if (head.slice(4, 8) === "ORTM") {
    return "an ORT format model";
  }
  if (head.slice(4, 8) === "TFL3") {
    return "a TensorFlow Lite model";
  }
  if (/^(?:#[^\n]*\n|\s)*(?:ir_version|graph)\s*[:{<]/.test(head)) {
    return "an ONNX model in protobuf text";
  }
  const [, format = ""] = /^\{\s*"format"\s*:\s*"([^"]*)"/.exec(head) ?? [];
  return documentKind(format) ?? MAGIC.find(([magic]) => head.startsWith(magic))?.[1];
}

/** Whether the first bytes are all printable UTF-8: the first field of a model never is. */
function isText(file: FileWindow): boolean {
  const head = file.copy(0, Math.min(64, file.bytes));
  try {
    // With `stream` a character may be cut off at the end.
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
  } catch {
    return false;
  }
  return head.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13));
}

/** The field with the graphs of training, which have weights of their own: not for inference. */
const TRAINING = 20;

function decodeModel(path: string, file: FileWindow): OnnxModel {
  let irVersion = 0;
  let producer = "";
  let graph: OnnxGraph | undefined;
  const opsets = new Map<string, number>();
  const functions: OnnxFunction[] = [];
  const extra: Uint8Array[] = [];
  eachField(file, { offset: 0, bytes: file.bytes }, (field) => {
    switch (field.number) {
      case 1:
        irVersion = integerAt(file, field);
        break;
      case 2:
        producer = textAt(file, field, MAX_NAME_BYTES);
        break;
      case 7:
        graph = decodeMainGraph(file, messageAt(field));
        break;
      case 8:
        addOpset(file, messageAt(field), opsets);
        break;
      case 25:
        functions.push(decodeSkeleton(file, messageAt(field), "function", decodeFunction));
        if (functions.length > MAX_FUNCTIONS) {
          throw new WireError(`more than ${MAX_FUNCTIONS} functions`, field.tagOffset);
        }
        break;
      case TRAINING:
        break;
      default:
        if (field.bytes <= MAX_EXTRA_BYTES) {
          extra.push(file.copy(field.tagOffset, field.offset + field.bytes - field.tagOffset));
        }
        break;
    }
  });
  if (graph === undefined) {
    throw new WireError("it has no graph", 0);
  }
  const { bytes: fileBytes } = file;
  const rest = concatenate(extra);
  return { path, fileBytes, irVersion, opsets, producer, graph, functions, extra: rest };
}

function decodeFunction(source: ByteSource, span: Span): OnnxFunction {
  const text = { name: "", domain: "", overload: "" };
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: string[] = [];
  const attributeDefaults = new Map<string, AttributeValue>();
  const opsets = new Map<string, number>();
  const nodes: OnnxNode[] = [];
  const lists: Readonly<Record<number, string[]>> = { 4: inputs, 5: outputs, 6: attributes };
  eachField(source, span, (field) => {
    const list = lists[field.number];
    if (list !== undefined) {
      list.push(textAt(source, field, MAX_NAME_BYTES));
    } else if (field.number === 1) {
      text.name = textAt(source, field, MAX_NAME_BYTES);
    } else if (field.number === 10) {
      text.domain = textAt(source, field, MAX_NAME_BYTES);
    } else if (field.number === 7) {
      nodes.push(decodeNode(source, messageAt(field), 0));
    } else if (field.number === 9) {
      addOpset(source, messageAt(field), opsets);
    } else if (field.number === 11) {
      attributeDefaults.set(...decodeAttribute(source, messageAt(field), 0));
    } else if (field.number === 13) {
      text.overload = textAt(source, field, MAX_NAME_BYTES);
    }
  });
  const raw = source.copy(span.offset, span.bytes);
  return { ...text, inputs, outputs, attributes, attributeDefaults, opsets, nodes, raw };
}

function checkModel(model: OnnxModel): Result<OnnxModel> {
  const { path, irVersion, graph } = model;
  const [lowIr, highIr] = SUPPORTED.ir;
  if (irVersion < lowIr || irVersion > highIr) {
    return fail([
      modelVersionUnsupported(path, `IR version ${irVersion}`, `${lowIr} to ${highIr}`),
    ]);
  }
  const [low, high] = SUPPORTED.opset;
  const opset = model.opsets.get("");
  if (opset === undefined && graph.nodes.some((node) => node.domain === "")) {
    return fail([modelVersionUnsupported(path, "no opset version", `${low} to ${high}`)]);
  }
  if (opset !== undefined && (opset < low || opset > high)) {
    return fail([modelVersionUnsupported(path, `opset ${opset}`, `${low} to ${high}`)]);
  }
  if (graph.nodes.length === 0) {
    return fail([modelInvalid(path, "graph", "it has no nodes, so there is nothing to schedule")]);
  }
  if (graph.outputs.length === 0) {
    return fail([modelInvalid(path, "graph", "it has no outputs")]);
  }
  return ok(model);
}
