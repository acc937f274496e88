import type { Random } from "../../../dist/core/random.js";
import {
  type Operator,
  type OperatorGraph,
  type OperatorId,
  operatorId,
  tensorId,
} from "../../../dist/ir/operator-graph.js";
import { operatorTypeNamed } from "../../../dist/onnx/operators/catalog.js";
import {
  type PartitionProblem,
  partitionProblemOf,
} from "../../../dist/partition/partition-problem.js";

/**
 * Made-up models to train on: the families of branching that real ones have (modules of parallel
 * branches, cells that read the two cells before, random wiring, towers that meet late, attention
 * with residuals, layers of anything), with random sizes, durations, tensors, links and devices.
 *
 * No fixture model is among them, so what is measured on those is measured on models never seen.
 */

/** One operator to be. */
interface Draft {
  readonly type: string;
  readonly after: readonly number[];
  readonly durationNs: number;
  readonly bytes: number;
}

/** A random problem. The same numbers drawn give the same problem. */
export function syntheticProblem(random: Random): PartitionProblem {
  const family = FAMILIES[random.integer(FAMILIES.length)] as Family;
  const drafts = new Drafts(random);
  // Mostly small models, some of several hundred operators: repetitions of one to six times.
  const repetitions = random.integer(4) === 0 ? 2 + random.integer(5) : 1;
  family(drafts, repetitions);
  const graph = graphOfDrafts(drafts.list);
  const durationNs = Float64Array.from(drafts.list, (draft) => draft.durationNs);
  const most = Math.min(8, Math.max(2, Math.floor(drafts.list.length / 6)));
  const stages = 2 + random.integer(most - 1);
  const isMixed = random.integer(5) === 0;
  return partitionProblemOf(graph, durationNs, {
    devices: Array.from({ length: stages }, (_, i) => ({
      name: `d${i}`,
      speed: isMixed ? 1 + random.integer(3) : 1,
      memoryBytes: undefined,
    })),
    link: {
      latencyNs: random.integer(4) * 5000,
      bytesPerSecond: (1 + random.integer(16)) * 4e9,
    },
    transfers: random.integer(5) === 0 ? "overlapped" : "serial",
  });
}

/** Operators being made. */
class Drafts {
  readonly list: Draft[] = [];
  readonly random: Random;
  /** Bytes of a usual tensor of this model. */
  readonly #bytes: number;

  constructor(random: Random) {
    this.random = random;
    this.#bytes = 20_000 * (1 + random.integer(30));
  }

  /** An operator that reads these; a heavy one takes longer. */
  add(type: string, ...after: readonly number[]): number {
    const { random } = this;
    const isHeavy = type === "Conv" || type === "MatMul";
    const durationNs = 2000 + random.integer(3000) + (isHeavy ? random.integer(25_000) : 0);
    const bytes = Math.ceil(this.#bytes * random.between(0.25, 1.75));
    this.list.push({ type, after: [...new Set(after)].sort((a, b) => a - b), durationNs, bytes });
    return this.list.length - 1;
  }

  /** A run of operators behind one. */
  run(length: number, after: number, heavy = "Conv"): number {
    let last = after;
    for (let i = 0; i < length; i++) {
      last = this.add(i % 2 === 0 ? heavy : "Relu", last);
    }
    return last;
  }
}

/** Adds a model's operators: `size` times as many parts as the smallest models have. */
type Family = (drafts: Drafts, size: number) => void;

const FAMILIES: readonly Family[] = [modules, cells, wired, towers, attention, layered];

function modules(drafts: Drafts, size: number): void {
  const { random } = drafts;
  let last = drafts.add("Conv");
  for (let module = size * (2 + random.integer(6)); module > 0; module--) {
    const branches = Array.from({ length: 2 + random.integer(4) }, () =>
      drafts.run(1 + random.integer(5), last),
    );
    last = drafts.add("Concat", ...branches);
  }
}

function cells(drafts: Drafts, size: number): void {
  const { random } = drafts;
  let before = drafts.add("Conv");
  let last = drafts.add("Conv", before);
  for (let cell = size * (2 + random.integer(5)); cell > 0; cell--) {
    const [left, right] = [drafts.run(2, before), drafts.run(2, last)];
    const sums = Array.from({ length: 3 + random.integer(3) }, () => {
      const a = drafts.run(1 + random.integer(4), random.integer(2) === 0 ? left : right);
      const b = random.integer(3) === 0 ? right : drafts.run(1 + random.integer(4), left);
      return drafts.add("Add", a, b);
    });
    before = last;
    last = drafts.add("Concat", ...sums);
  }
}

function wired(drafts: Drafts, size: number): void {
  const { random } = drafts;
  let last = drafts.add("Conv");
  for (let part = size * (1 + random.integer(3)); part > 0; part--) {
    const nodes = [last];
    for (let node = 6 + random.integer(14); node > 0; node--) {
      const reads = Array.from({ length: 1 + random.integer(3) }, () => {
        const reach = Math.min(nodes.length, 8);
        return nodes[nodes.length - 1 - random.integer(reach)] as number;
      });
      const sum = new Set(reads).size > 1 ? drafts.add("Add", ...reads) : (reads[0] as number);
      nodes.push(drafts.add("Conv", drafts.add("Relu", sum)));
    }
    last = drafts.add("Concat", ...nodes.slice(-4));
  }
}

function towers(drafts: Drafts, size: number): void {
  const { random } = drafts;
  const ends = Array.from({ length: 2 + random.integer(6) }, () =>
    drafts.run(size * (1 + random.integer(16)), drafts.add("Gather"), "MatMul"),
  );
  drafts.run(1 + random.integer(8), drafts.add("Concat", ...ends), "MatMul");
}

function attention(drafts: Drafts, size: number): void {
  const { random } = drafts;
  let last = drafts.add("Gather");
  for (let layer = size * (1 + random.integer(6)); layer > 0; layer--) {
    const norm = drafts.add("LayerNormalization", last);
    const [q, k, v] = [0, 1, 2].map(() => drafts.run(1 + random.integer(3), norm, "MatMul"));
    const scores = drafts.add("Softmax", drafts.add("MatMul", q as number, k as number));
    const mixed = drafts.add("MatMul", scores, v as number);
    const sum = drafts.add("Add", last, drafts.add("MatMul", mixed));
    const wide = drafts.run(3, drafts.add("LayerNormalization", sum), "MatMul");
    last = drafts.add("Add", sum, wide);
  }
}

function layered(drafts: Drafts, size: number): void {
  const { random } = drafts;
  let layer = Array.from({ length: 1 + random.integer(4) }, () => drafts.add("Conv"));
  for (let depth = size * (3 + random.integer(12)); depth > 0; depth--) {
    const previous = layer;
    layer = Array.from({ length: 1 + random.integer(5) }, () => {
      const reads = Array.from(
        { length: 1 + random.integer(2) },
        () => previous[random.integer(previous.length)] as number,
      );
      return drafts.add(random.integer(2) === 0 ? "Conv" : "Add", ...reads);
    });
  }
}

/** Each operator writes one tensor; what reads nothing reads the model's input. */
function graphOfDrafts(drafts: readonly Draft[]): OperatorGraph {
  const successors: OperatorId[][] = drafts.map(() => []);
  drafts.forEach(({ after }, id) => {
    for (const before of after) {
      successors[before]?.push(operatorId(id));
    }
  });
  const operators = drafts.map(({ type, after, durationNs, bytes }, id): Operator => {
    const bytesRead = after.reduce((sum, before) => sum + (drafts[before]?.bytes ?? 0), 0);
    const isHeavy = type === "Conv" || type === "MatMul";
    return {
      id: operatorId(id),
      name: `${type}_${id}`,
      type,
      form: operatorTypeNamed(type)?.form ?? "unknown",
      node: id,
      inputs: after.map(tensorId),
      outputs: [tensorId(id)],
      predecessors: after.map(operatorId),
      successors: successors[id] ?? [],
      work: {
        flops: isHeavy ? durationNs * 2000 : bytes / 4,
        bytesRead,
        bytesWritten: bytes,
        parameterBytes: isHeavy ? bytes : 0,
      },
    };
  });
  return {
    name: "synthetic",
    operators,
    tensors: drafts.map(({ bytes }, id) => ({
      id: tensorId(id),
      name: `t${id}`,
      elementType: "uint8",
      dims: [bytes],
      bytes,
      producer: operatorId(id),
      consumers: successors[id] ?? [],
    })),
    inputs: [],
    outputs: operators.flatMap(({ id, successors: after }) =>
      after.length === 0 ? [tensorId(id)] : [],
    ),
  };
}
