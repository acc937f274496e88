/** Names of ONNX nodes in the names that TensorRT gives to its layers. */

const REFORMAT = /^(?:Reformatting CopyNode for (?:Input|Output) Tensor \d+ to |copied_)/;
const WRAPPED = /^(?:PWN|ForeignNode|fusedPointwiseNode)\((.*)\)$/s;
const SEPARATORS = [" + ", " || "];
/** Regions that TensorRT compiles as a whole, and names of its compiler's own making. */
const OPAQUE = /\{ForeignNode\[|^__myl|^\{ForeignNode/;

/**
 * Readings of a layer's name as names of nodes, in its order: as one name, and as the parts of a fused name.
 *
 * `Conv_171 + Relu_172 || Conv_178` are three; `PWN(a, b)` is the element-wise chain of two; a copy that
 * prepares the input of a layer is named after that layer. Parts that are of no node (weights,
 * `(Unnamed Layer* 850) [ElementWise]`) are listed too: the model does not have them.
 */
export function namesInLayer(name: string): readonly (readonly string[])[] {
  const plain = name.replace(REFORMAT, "");
  return plain.length > MAX_SPLIT ? [[plain]] : [[plain], [...new Set(partsOf(plain, false))]];
}

/** Longest name that is split: a hundred nodes with names of eighty characters. */
const MAX_SPLIT = 8192;

/** The parts of a name; inside `PWN(...)` they are separated by commas too. */
function partsOf(text: string, isWrapped: boolean): readonly string[] {
  return atTopLevel(text, isWrapped).flatMap((part) => {
    const inner = WRAPPED.exec(part.trim())?.[1];
    return inner === undefined ? [part.trim()] : partsOf(inner, true);
  });
}

/** A text split at separators that are in no parentheses. */
function atTopLevel(text: string, hasCommas: boolean): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    depth += text[at] === "(" ? 1 : text[at] === ")" ? -1 : 0;
    const length = depth === 0 ? separatorAt(text, at, hasCommas) : 0;
    if (length > 0) {
      parts.push(text.slice(start, at));
      start = at + length;
      at = start - 1;
    }
  }
  return [...parts, text.slice(start)];
}

function separatorAt(text: string, at: number, hasCommas: boolean): number {
  const found = SEPARATORS.find((each) => text.startsWith(each, at));
  return found?.length ?? (hasCommas && text[at] === "," ? 1 : 0);
}

/** Whether a layer is of nodes that its name does not tell. */
export function isOpaque(name: string): boolean {
  return OPAQUE.test(name.replace(REFORMAT, ""));
}

const LAYER = "[ONNX Layer: ";

/** The nodes in the metadata of a layer: `[ONNX Layer: a]\u001f[ONNX Layer: b]`. */
export function namesInMetadata(metadata: string): readonly string[] {
  const names = metadata
    .replaceAll("\u001e", "\u001f")
    .split("\u001f")
    .map((each) => each.trim())
    .filter((each) => each.startsWith(LAYER) && each.endsWith("]"))
    .map((each) => each.slice(LAYER.length, -1));
  return [...new Set(names)];
}
