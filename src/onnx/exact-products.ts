/**
 * Rewrites a model so that ONNX Runtime computes its products of bytes exactly on every processor.
 *
 * On x86 processors without VNNI, ONNX Runtime multiplies unsigned by signed bytes with `vpmaddubsw`, which
 * adds two neighboring products in 16 bits and saturates: (255, 255) by (127, 127) gives 32,767 and
 * not 64,770. Unsigned by unsigned bytes are widened to 16 bits first and added in 32 (`vpmaddwd`),
 * and a signed first operand takes the portable code, so those are exact. Where the second operand
 * is signed and the first is not, the second and its zero point are therefore both raised by 128:
 *
 *   sum a (b - z) = sum a ((b + 128) - (z + 128))
 *
 * Example: u8 [255, 255] by i8 [127, 127] becomes u8 [255, 255] by u8 [255, 255] with zero point 128.
 *
 * Nodes before the first product do the raising, so the origin of the operand does not matter.
 */
import type { ElementType } from "../ir/element-type.js";
import type { LoweredModel } from "./lowered-model.js";
import type { OnnxNode, OnnxTensor } from "./model.js";
import { newNode, withInputs } from "./rewrite-node.js";

/** Places of a product's inputs. */
interface ProductInputs {
  readonly first: number;
  readonly second: number;
  readonly secondZeroPoint: number;
}

const PLAIN: ProductInputs = { first: 0, second: 1, secondZeroPoint: 3 };
const SCALED: ProductInputs = { first: 0, second: 3, secondZeroPoint: 5 };

/** By operator type; types of ONNX Runtime's own domain by their bare names. */
const PRODUCTS: ReadonlyMap<string, ProductInputs> = new Map([
  ["MatMulInteger", PLAIN],
  ["ConvInteger", PLAIN],
  ["QLinearMatMul", SCALED],
  ["QLinearConv", SCALED],
  ["MatMulIntegerToFloat", { first: 0, second: 1, secondZeroPoint: 5 }],
]);

/**
 * Further types that contain products of bytes in ONNX Runtime, or that it turns into such
 * products.
 */
const OTHERS: ReadonlySet<string> = new Set([
  "DequantizeLinear",
  "DynamicQuantizeLSTM",
  "DynamicQuantizeMatMul",
  "QAttention",
  "QGemm",
]);

/** Operator types whose operands are raised where they are signed: sorted. */
export function raisedTypes(): readonly string[] {
  return [...PRODUCTS.keys()].sort();
}

/** Whether ONNX Runtime may multiply bytes in this model; bodies of control flow are not looked at. */
export function multipliesBytes({ model }: LoweredModel): boolean {
  return model.graph.nodes.some(({ opType }) => PRODUCTS.has(opType) || OTHERS.has(opType));
}

/** The difference between signed and unsigned bytes. */
const RAISE = 128;

/** Nodes and initializers of a graph. */
export interface GraphParts {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
}

/**
 * Returns the model's nodes and initializers with every signed second operand of an unsigned first
 * one raised.
 *
 * Order: as in the model, the raising of an operand directly before its first product.
 */
export function raiseSignedOperands({ model, types }: LoweredModel): GraphParts {
  const { nodes, initializers } = model.graph;
  const raising = new Raising((name) => types.get(name)?.elementType);
  const rewritten = nodes.flatMap((node) => raising.rewrite(node));
  return { nodes: rewritten, initializers: [...initializers, ...raising.initializers()] };
}

class Raising {
  readonly #typeOf: (name: string) => ElementType | undefined;
  /** Tensor to its raised twin. */
  readonly #raised = new Map<string, string>();
  #isUsed = false;

  constructor(typeOf: (name: string) => ElementType | undefined) {
    this.#typeOf = typeOf;
  }

  /** The node, after the nodes that raise its operands. */
  rewrite(node: OnnxNode): OnnxNode[] {
    const places = PRODUCTS.get(node.opType);
    if (places === undefined || !this.#isMixed(node, places)) {
      return [node];
    }
    this.#isUsed = true;
    const before: OnnxNode[] = [];
    const inputs = [...node.inputs];
    while (inputs.length <= places.secondZeroPoint) {
      inputs.push("");
    }
    for (const place of [places.second, places.secondZeroPoint]) {
      const name = inputs[place] ?? "";
      inputs[place] = name === "" ? this.#named("zero-point") : this.#raise(name, before);
    }
    return [...before, withInputs(node, inputs)];
  }

  /** Constants that the added nodes read. */
  initializers(): readonly OnnxTensor[] {
    const constant = (name: string, elementType: ElementType, bytes: Uint8Array): OnnxTensor => ({
      name: this.#named(name),
      elementType,
      dims: [],
      payload: { kind: "inline", bytes },
    });
    return this.#isUsed
      ? [
          constant("raise", "int32", Uint8Array.of(RAISE, 0, 0, 0)),
          constant("zero-point", "uint8", Uint8Array.of(RAISE)),
        ]
      : [];
  }

  #isMixed({ inputs }: OnnxNode, { first, second }: ProductInputs): boolean {
    const typeAt = (place: number) => this.#typeOf(inputs[place] ?? "");
    return typeAt(first) === "uint8" && typeAt(second) === "int8";
  }

  #raise(name: string, before: OnnxNode[]): string {
    const known = this.#raised.get(name);
    if (known !== undefined) {
      return known;
    }
    const [wide, sum, raised] = ["wide", "sum", "raised"].map((part) =>
      this.#named(`${part}/${name}`),
    ) as [string, string, string];
    before.push(
      newNode("Cast", [name], wide, { to: 6 }),
      newNode("Add", [wide, this.#named("raise")], sum),
      newNode("Cast", [sum], raised, { to: 2 }),
    );
    this.#raised.set(name, raised);
    return raised;
  }

  /** A name that the model does not have. */
  #named(part: string): string {
    let name = `exact-products/${part}`;
    while (this.#typeOf(name) !== undefined) {
      name = `${name}'`;
    }
    return name;
  }
}
