import { present } from "../core/invariant.js";
import type { OperatorGraph, OperatorId, OperatorWork } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { OnnxGraph, OnnxNode } from "../onnx/model.js";

/**
 * The operators of the model that a kernel of ONNX Runtime's optimized model stands for.
 *
 * The profiler reports what runs after optimization: nodes are fused, renamed, put into another
 * memory layout, and new ones appear between them. The optimized model, dumped by the very session
 * that is profiled (names differ from session to session), is matched with the original in steps,
 * the surest first:
 *
 * 1. *Seeds*. A kernel that kept its node's name, that writes a tensor of the original, or whose name
 *    is `<tensor>_nchwc` (as the layout pass names a node after the tensor it wrote before) stands
 *    for the operator concerned, views resolved.
 * 2. *Forwards*. A kernel with an attribute `activation` absorbs the next operator of that type; one
 *    with an addend as fourth input absorbs the `Add` before it.
 * 3. *Backwards*. Operators that no kernel stands for yet and that lead to a seed, without crossing an
 *    input of the kernel, were fused into it: Conv before BatchNormalization, the parts of a Gelu.
 * 4. *Neighbors*. A kernel without seeds (layout and type changes) is charged to the kernel that
 *    feeds it; `ReorderInput`, and whatever only graph inputs feed, to the one that it feeds.
 *
 * Example: Conv -> BatchNormalization -> Relu becomes one kernel `bn_out_nchwc` with activation
 * Relu and a new output name. Step 1 assigns it BatchNormalization, step 2 Relu, step 3 Conv.
 *
 * Taking names alone fails: after the layout pass only a few tensors of a convolutional network keep
 * theirs. Regions between tensors that did keep their names would be sound, but as large as the net.
 *
 * What stays uncovered was removed altogether (Dropout, Identity, a repeated computation): it takes
 * no time.
 */
export interface KernelAttribution {
  /** Operators that each kernel (node of the optimized model, in its order) stands for, ascending. */
  readonly operatorsOf: readonly (readonly OperatorId[])[];
  /** Number of kernels that stand for each operator. */
  readonly kernelsOf: Int32Array;
}

/** The state of a matching in progress. */
interface Matching {
  readonly graph: OperatorGraph;
  readonly kernels: readonly OnnxNode[];
  readonly sets: readonly Set<OperatorId>[];
  readonly covered: Uint8Array;
  /** The tensor that a name of the original model stands for, by name; views resolved. */
  readonly base: (name: string) => string;
  /** Operator that writes a base tensor, by its name. */
  readonly writer: ReadonlyMap<string, OperatorId>;
  readonly byNodeName: ReadonlyMap<string, OperatorId>;
}

/**
 * Matches the kernels of an optimized model with the operators of the model it was made from.
 *
 * Cost: O(kernels + operators + edges of both).
 */
export function attributeKernels(lowered: LoweredModel, optimized: OnnxGraph): KernelAttribution {
  const matching = start(lowered, optimized.nodes);
  for (const kernel of optimized.nodes.keys()) {
    seed(matching, kernel);
  }
  for (const kernel of optimized.nodes.keys()) {
    absorbForwards(matching, kernel);
  }
  for (const kernel of optimized.nodes.keys()) {
    absorbBackwards(matching, kernel);
  }
  chargeNeighbors(matching);
  const kernelsOf = new Int32Array(lowered.graph.operators.length);
  const operatorsOf = matching.sets.map((set) => [...set].sort((a, b) => a - b));
  for (const operator of operatorsOf.flat()) {
    kernelsOf[operator] = (kernelsOf[operator] ?? 0) + 1;
  }
  return { operatorsOf, kernelsOf };
}

function start(lowered: LoweredModel, kernels: readonly OnnxNode[]): Matching {
  const { graph, viewOf } = lowered;
  const writer = new Map<string, OperatorId>();
  for (const tensor of graph.tensors) {
    if (tensor.producer !== undefined) {
      writer.set(tensor.name, tensor.producer);
    }
  }
  return {
    graph,
    kernels,
    sets: kernels.map(() => new Set<OperatorId>()),
    covered: new Uint8Array(graph.operators.length),
    base: (name) => viewOf.get(name) ?? name,
    writer,
    byNodeName: new Map(
      graph.operators.map(({ id, node, name }) => [
        lowered.model.graph.nodes[node]?.name || name,
        id,
      ]),
    ),
  };
}

const LAYOUT_NAME = /^(.*)_nchwc(?:_token_\d+)?$/;

function seed(matching: Matching, kernel: number): void {
  const node = present(matching.kernels[kernel], "kernel");
  const named = matching.byNodeName.get(node.name);
  if (named !== undefined) {
    cover(matching, kernel, named);
  }
  const wasWriting = LAYOUT_NAME.exec(node.name)?.[1];
  for (const output of wasWriting === undefined ? node.outputs : [...node.outputs, wasWriting]) {
    const operator = matching.writer.get(matching.base(output));
    if (operator !== undefined) {
      cover(matching, kernel, operator);
    }
  }
}

function cover(matching: Matching, kernel: number, operator: OperatorId): void {
  matching.sets[kernel]?.add(operator);
  matching.covered[operator] = 1;
}

function absorbForwards(matching: Matching, kernel: number): void {
  const node = present(matching.kernels[kernel], "kernel");
  const set = present(matching.sets[kernel], "kernel's operators");
  const [only] = set;
  if (only === undefined || set.size > 1) {
    return;
  }
  const activation = node.attributes.get("activation");
  const wanted = [
    ...(node.inputs.length > 3 && node.inputs[3] !== "" ? ["Add", "Sum"] : []),
    ...(activation?.kind === "string" ? [activation.value] : []),
  ];
  let last = only;
  for (const type of wanted) {
    const [next, ...others] = matching.graph.operators[last]?.successors ?? [];
    if (
      next !== undefined &&
      others.length === 0 &&
      matching.covered[next] === 0 &&
      matching.graph.operators[next]?.type === type
    ) {
      cover(matching, kernel, next);
      last = next;
    }
  }
}

function absorbBackwards(matching: Matching, kernel: number): void {
  const { graph, covered } = matching;
  const inputs = new Set(matching.kernels[kernel]?.inputs.map(matching.base));
  const open = [...present(matching.sets[kernel], "kernel's operators")];
  for (let operator = open.pop(); operator !== undefined; operator = open.pop()) {
    for (const id of graph.operators[operator]?.inputs ?? []) {
      const tensor = present(graph.tensors[id], "tensor");
      const { producer } = tensor;
      if (producer !== undefined && covered[producer] === 0 && !inputs.has(tensor.name)) {
        cover(matching, kernel, producer);
        open.push(producer);
      }
    }
  }
}

function chargeNeighbors(matching: Matching): void {
  const { kernels, sets } = matching;
  const writes = new Map<string, number>();
  const reads = new Map<string, number>();
  for (const [kernel, node] of kernels.entries()) {
    for (const output of node.outputs) {
      writes.set(output, kernel);
    }
    for (const input of node.inputs) {
      reads.set(input, reads.get(input) ?? kernel);
    }
  }
  const empty = [...sets.keys()].filter((kernel) => sets[kernel]?.size === 0);
  const feeding = (kernel: number): readonly number[] =>
    (kernels[kernel]?.inputs ?? []).flatMap((name) => writes.get(name) ?? []);
  const fed = (kernel: number): readonly number[] =>
    (kernels[kernel]?.outputs ?? []).flatMap((name) => reads.get(name) ?? []);
  for (const kernel of [...empty].reverse()) {
    if (kernels[kernel]?.opType === "ReorderInput") {
      chargeTo(matching, kernel, fed(kernel));
    }
  }
  for (const kernel of empty) {
    chargeTo(matching, kernel, feeding(kernel));
  }
  for (const kernel of [...empty].reverse()) {
    chargeTo(matching, kernel, fed(kernel));
  }
}

/** Charges a kernel without operators to the first of the candidates that has some. */
function chargeTo(matching: Matching, kernel: number, candidates: readonly number[]): void {
  const set = present(matching.sets[kernel], "kernel's operators");
  const found = candidates.find((candidate) => (matching.sets[candidate]?.size ?? 0) > 0);
  if (set.size === 0 && found !== undefined) {
    for (const operator of present(matching.sets[found], "kernel's operators")) {
      set.add(operator);
    }
  }
}

/**
 * FLOPs that take as long as moving one byte, on a core with 100 GFLOP/s and 10 GB/s: only the
 * order of magnitude matters, since it splits the time of a *fused* group and nothing else.
 */
const FLOPS_PER_BYTE = 10;

/** Share of each of a kernel's operators in its time, by estimated work; the shares sum to 1. */
export function timeSharesOf(
  graph: OperatorGraph,
  operators: readonly OperatorId[],
): readonly number[] {
  const weights = operators.map((id) => weightOf(graph.operators[id]?.work));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function weightOf(work: OperatorWork | undefined): number {
  if (work === undefined) {
    return 1;
  }
  const bytes = work.bytesRead + work.bytesWritten + work.parameterBytes;
  return 1 + work.flops / FLOPS_PER_BYTE + bytes;
}

/**
 * For each operator the first of those that share a kernel with it, directly or through others; its
 * own id where it shares none. Cutting between such operators takes the kernel apart, and what was
 * rounded once is rounded twice.
 */
export function fusedWith(attribution: KernelAttribution): Int32Array {
  const first = Int32Array.from(attribution.kernelsOf, (_, id) => id);
  const rootOf = (id: number): number => {
    let root = id;
    while (first[root] !== root) {
      root = first[root]!;
    }
    first[id] = root;
    return root;
  };
  for (const [one, ...others] of attribution.operatorsOf) {
    for (const other of one === undefined ? [] : others) {
      const [a, b] = [rootOf(one as number), rootOf(other)];
      first[Math.max(a, b)] = Math.min(a, b);
    }
  }
  return first.map((_, id) => rootOf(id));
}
