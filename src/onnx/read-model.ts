/**
 * Reading an ONNX file without its weights.
 *
 * The walk visits every field of the file once and skips payloads by their length, so time and
 * memory follow the structure (nodes, names, shapes), not the weights: a model of 500 MB whose
 * structure is a megabyte costs what a megabyte costs.
 */
import { fail, ok, type Result } from "../core/result.js";
import { addOpset, decodeAttribute, decodeGraph, decodeNode } from "./decode-node.js";
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
import { eachField, integerAt, type Span, textAt, WireError } from "./wire.js";

/** IR versions and opsets of the default domain that are read. */
export const SUPPORTED: {
  readonly ir: readonly [number, number];
  readonly opset: readonly [number, number];
} = { ir: [3, 13], opset: [7, 26] };

/**
 * Reads the structure of a model.
 *
 * Fails: `model-unreadable`, `model-other-format`, `model-malformed`, `model-version`,
 * `model-invalid`. Cost: O(file structure); constant memory beside the result.
 */
export function readModel(path: string): Result<OnnxModel> {
  let file: FileWindow;
  try {
    file = new FileWindow(path);
  } catch (cause) {
    return fail([modelUnreadable(path, cause)]);
  }
  try {
    const kind = otherKind(file);
    if (kind !== undefined) {
      return fail([modelOfOtherKind(path, kind)]);
    }
    return checkModel(decodeModel(path, file));
  } catch (error) {
    if (error instanceof WireError) {
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
  ["{", "JSON text"],
  ["version https://git-lfs", "a Git LFS pointer"],
];

/** What the first bytes say, where they say that it is something else. */
function otherKind(file: FileWindow): string | undefined {
  if (file.bytes === 0) {
    return "empty";
  }
  const head = String.fromCharCode(...file.copy(0, Math.min(32, file.bytes)));
  if (head.slice(4, 8) === "ORTM") {
    return "an ORT format model";
  }
  if (head.startsWith("ir_version:")) {
    return "an ONNX model in protobuf text";
  }
  return MAGIC.find(([magic]) => head.startsWith(magic))?.[1];
}

function decodeModel(path: string, file: FileWindow): OnnxModel {
  let irVersion = 0;
  let producer = "";
  let graph: OnnxGraph | undefined;
  const opsets = new Map<string, number>();
  const functions: OnnxFunction[] = [];
  eachField(file, { offset: 0, bytes: file.bytes }, (field) => {
    switch (field.number) {
      case 1:
        irVersion = integerAt(file, field);
        break;
      case 2:
        producer = textAt(file, field, MAX_NAME_BYTES);
        break;
      case 7:
        graph = decodeGraph(file, field, 0);
        break;
      case 8:
        addOpset(file, field, opsets);
        break;
      case 25:
        functions.push(decodeFunction(file, field));
        break;
      default:
        break;
    }
  });
  if (graph === undefined) {
    throw new WireError("it has no graph", 0);
  }
  return { path, fileBytes: file.bytes, irVersion, opsets, producer, graph, functions };
}

function decodeFunction(file: FileWindow, span: Span): OnnxFunction {
  const text = { name: "", domain: "" };
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: string[] = [];
  const attributeDefaults = new Map<string, AttributeValue>();
  const opsets = new Map<string, number>();
  const nodes: OnnxNode[] = [];
  const lists: Readonly<Record<number, string[]>> = { 4: inputs, 5: outputs, 6: attributes };
  eachField(file, span, (field) => {
    const list = lists[field.number];
    if (list !== undefined) {
      list.push(textAt(file, field, MAX_NAME_BYTES));
    } else if (field.number === 1) {
      text.name = textAt(file, field, MAX_NAME_BYTES);
    } else if (field.number === 10) {
      text.domain = textAt(file, field, MAX_NAME_BYTES);
    } else if (field.number === 7) {
      nodes.push(decodeNode(file, field, 1));
    } else if (field.number === 9) {
      addOpset(file, field, opsets);
    } else if (field.number === 11) {
      attributeDefaults.set(...decodeAttribute(file, field, 1));
    }
  });
  return { ...text, inputs, outputs, attributes, attributeDefaults, opsets, nodes };
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
