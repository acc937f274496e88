import { seededRandom } from "../../src/core/random.js";
import {
  type OperatorGraph,
  type OperatorId,
  operatorId,
  type TensorId,
  tensorId,
} from "../../src/ir/operator-graph.js";
import { operatorTypeNamed } from "../../src/onnx/operators/catalog.js";

/** One operator of a hand-made graph. */
export interface Node {
  readonly name?: string;
  readonly type?: string;
  /** Positions of the operators it reads, all smaller than its own. */
  readonly after?: readonly number[];
  readonly flops?: number;
  readonly outputBytes?: number;
  readonly parameterBytes?: number;
}

/** A graph in which every operator writes one tensor; sources read one input of 4 bytes, sinks give their tensor out. */
export function graphOf(nodes: readonly Node[], name = "graph"): OperatorGraph {
  const successors: OperatorId[][] = nodes.map(() => []);
  nodes.forEach((node, id) => {
    for (const before of new Set(node.after ?? [])) {
      successors[before]?.push(operatorId(id));
    }
  });
  const sources = nodes.flatMap((node, id) => (node.after?.length ? [] : [operatorId(id)]));
  const input = tensorId(nodes.length);
  const bytesOf = (id: number): number => nodes[id]?.outputBytes ?? 4;
  return {
    name,
    operators: nodes.map((node, id) => {
      const before = [...new Set(node.after ?? [])].sort((a, b) => a - b);
      return {
        id: operatorId(id),
        name: node.name ?? `op${id}`,
        type: node.type ?? "Conv",
        form: operatorTypeNamed(node.type ?? "Conv")?.form ?? "unknown",
        node: id,
        inputs: before.length > 0 ? before.map(tensorId) : [input],
        outputs: [tensorId(id)],
        predecessors: before.map(operatorId),
        successors: successors[id] ?? [],
        work: {
          flops: node.flops ?? 100,
          bytesRead: before.length > 0 ? before.reduce((sum, b) => sum + bytesOf(b), 0) : 4,
          bytesWritten: bytesOf(id),
          parameterBytes: node.parameterBytes ?? 0,
        },
      };
    }),
    tensors: [
      ...nodes.map((_, id) => ({
        id: tensorId(id),
        name: `t${id}`,
        elementType: "uint8" as const,
        dims: [bytesOf(id)],
        bytes: bytesOf(id),
        producer: operatorId(id),
        consumers: successors[id] ?? [],
      })),
      {
        id: input,
        name: "input",
        elementType: "uint8" as const,
        dims: [4],
        bytes: 4,
        producer: undefined,
        consumers: sources,
      },
    ],
    inputs: [input],
    outputs: nodes.flatMap((_, id): TensorId[] => (successors[id]?.length ? [] : [tensorId(id)])),
  };
}

/** n operators, each reading the one before. */
export function chain(n: number): OperatorGraph {
  return graphOf(Array.from({ length: n }, (_, id) => ({ after: id > 0 ? [id - 1] : [] })));
}

/** A fork, branches of the given lengths, a join. Operators: fork, branch after branch, join. */
export function forkJoin(lengths: readonly number[]): OperatorGraph {
  const nodes: Node[] = [{ name: "fork" }];
  const ends: number[] = [];
  for (const [branch, length] of lengths.entries()) {
    for (let i = 0; i < length; i++) {
      nodes.push({ name: `b${branch}_${i}`, after: [i === 0 ? 0 : nodes.length - 1] });
    }
    ends.push(nodes.length - 1);
  }
  nodes.push({ name: "join", after: ends });
  return graphOf(nodes, "fork-join");
}

/** The branch structure of GoogLeNet: a stem, `modules` modules of 4 branches with a ReLU per Conv, a tail. */
export function inceptionLike(modules = 9): OperatorGraph {
  const nodes: Node[] = [];
  const add = (type: string, ...after: number[]): number => {
    const heavy = type === "Conv";
    nodes.push({
      type,
      name: `${type}${nodes.length}`,
      after,
      flops: heavy ? 40_000_000 : 200_000,
      outputBytes: 200_000,
      parameterBytes: heavy ? 100_000 : 0,
    });
    return nodes.length - 1;
  };
  const conv = (after: number): number => add("Relu", add("Conv", after));
  let last = add("MaxPool", add("Relu", add("Conv")));
  last = add("MaxPool", conv(conv(last)));
  for (let module = 0; module < modules; module++) {
    const first = conv(last);
    const second = conv(conv(last));
    const third = conv(conv(last));
    const fourth = conv(add("MaxPool", last));
    last = add("Concat", first, second, third, fourth);
  }
  add("Softmax", add("Gemm", add("GlobalAveragePool", last)));
  return graphOf(nodes, "inception-like");
}

/** A seeded random graph: each operator reads up to `fanIn` of the `window` operators before it. */
export function randomGraph(n: number, fanIn: number, window: number, seed: number): OperatorGraph {
  const random = seededRandom(seed);
  return graphOf(
    Array.from({ length: n }, (_, id) => {
      const reach = Math.min(id, window);
      const reads = reach === 0 ? 0 : random.integer(fanIn + 1);
      const after = Array.from({ length: reads }, () => id - 1 - random.integer(reach));
      return {
        after,
        flops: random.integer(1000),
        outputBytes: 1 + random.integer(1000),
        type: random.integer(2) === 0 ? "Conv" : "Relu",
      };
    }),
    "random",
  );
}

/** The branch structure of NASNet: cells of five pairs of operators that read the two cells before. */
export function nasnetLike(cells: number): OperatorGraph {
  const nodes: Node[] = [];
  const add = (type: string, ...after: number[]): number => {
    nodes.push({
      type,
      after,
      flops: type === "Conv" ? 20_000_000 : 300_000,
      outputBytes: 300_000,
    });
    return nodes.length - 1;
  };
  const separable = (after: number): number =>
    add("Conv", add("Conv", add("Relu", add("Conv", add("Conv", add("Relu", after))))));
  let previous = add("Conv");
  let current = add("Conv", previous);
  for (let cell = 0; cell < cells; cell++) {
    const left = add("Conv", add("Relu", previous));
    const right = add("Conv", add("Relu", current));
    const sums = [
      add("Add", separable(right), separable(left)),
      add("Add", separable(left), separable(left)),
      add("Add", add("AveragePool", right), left),
      add("Add", add("AveragePool", left), add("AveragePool", left)),
      add("Add", separable(right), right),
    ];
    previous = current;
    current = add("Concat", ...sums, left);
  }
  add("GlobalAveragePool", current);
  return graphOf(nodes, "nasnet-like");
}

/** Durations that follow from FLOPs and bytes: 10 FLOPs and 5 bytes per nanosecond, at least 1000 ns. */
export function costsOf(graph: OperatorGraph): {
  readonly source: "estimated";
  readonly durationNs: Float64Array;
} {
  const durationNs = Float64Array.from(graph.operators, ({ work }) =>
    Math.max(
      1000,
      Math.round(work.flops / 10),
      Math.round((work.bytesRead + work.bytesWritten) / 5),
    ),
  );
  return { source: "estimated", durationNs };
}

/** The given durations as costs. */
export function durations(values: readonly number[]): {
  readonly source: "measured";
  readonly durationNs: Float64Array;
} {
  return { source: "measured", durationNs: Float64Array.from(values) };
}
