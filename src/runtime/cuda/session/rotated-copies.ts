/**
 * Copies of nodes that read their weights elsewhere.
 *
 * A node that is launched again and again finds its weights in the L2 cache; in a model, where all other weights
 * pass by between two launches, it does not. Copies that read other places, each launched once behind a flush of
 * the cache, read from memory what they read from memory in the model, while what they work on stays where
 * the launch before left it.
 */
import type { ConvBehind, HelperNode, KernelNode } from "../client/nodes.js";
import type { MemoryRange } from "../program/memory-plan.js";

/** Alignment of the places of copies, as of all memory. */
const ALIGNMENT = 256;

/** A node with its copies, in the terms of the extended program. */
export interface RotatedNode {
  /** Node of the program. */
  readonly node: number;
  /** Nodes that do the same with weights elsewhere. */
  readonly copies: readonly number[];
  /** Nodes that put the weights there. */
  readonly fills: readonly number[];
}

/** Nodes to be added, and what they are. */
export interface RotatedNodes {
  readonly added: readonly HelperNode[];
  readonly rotated: readonly RotatedNode[];
}

/** What the copies are made of. */
export interface RotationRequest {
  /** Nodes of the program, which those that are added follow. */
  readonly nodes: readonly HelperNode[];
  /** The nodes to be copied. */
  readonly wanted: readonly number[];
  /** Where weights are: what a node reads elsewhere is no weight. */
  readonly constants: readonly MemoryRange[];
  /** Free memory, which all rotated nodes share: fill before each is timed. */
  readonly scratch: MemoryRange;
  /** Copies of a node at most. */
  readonly copies: number;
  /** Nodes with fewer bytes of weights are left out. */
  readonly leastBytes: number;
}

/** Copies of nodes; a node for which there is no room for two is left out. Order: as `wanted`. */
export function rotatedCopies(request: RotationRequest): RotatedNodes {
  const added: HelperNode[] = [];
  const rotated: RotatedNode[] = [];
  const add = (node: HelperNode): number => request.nodes.length + added.push(node) - 1;
  for (const at of request.wanted) {
    const node = request.nodes[at];
    const weights = node === undefined ? [] : weightsOf(node, request.constants);
    const bytes = weights.reduce((sum, range) => sum + padded(range.bytes), 0);
    const copies = Math.min(request.copies, Math.floor(request.scratch.bytes / Math.max(1, bytes)));
    if (node === undefined || bytes < request.leastBytes || copies < 2) {
      continue;
    }
    const made = Array.from({ length: copies }, (_, i) =>
      elsewhere(weights, request.scratch.offset + i * bytes),
    );
    rotated.push({
      node: at,
      fills: made.flatMap((places) =>
        weights.map(({ offset, bytes: size }) =>
          add({ kind: "copy", src: offset, dst: places.get(offset) ?? offset, bytes: size }),
        ),
      ),
      copies: made.map((places) => add(moved(node, places))),
    });
  }
  return { added, rotated };
}

/** The constants that a node reads, each once. */
function weightsOf(node: HelperNode, constants: readonly MemoryRange[]): readonly MemoryRange[] {
  const offsets = new Set<number>();
  const note = (offset: number): undefined => {
    offsets.add(offset);
  };
  moved(node, { get: note });
  return constants.filter(({ offset }) => offsets.has(offset));
}

function elsewhere(weights: readonly MemoryRange[], start: number): ReadonlyMap<number, number> {
  let next = start;
  return new Map(
    weights.map(({ offset, bytes }) => {
      const place = next;
      next += padded(bytes);
      return [offset, place] as const;
    }),
  );
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** The node with operands at other places; what is written is never a constant, and stays. */
function moved(node: HelperNode, places: Pick<ReadonlyMap<number, number>, "get">): HelperNode {
  const to = (offset: number): number => places.get(offset) ?? offset;
  switch (node.kind) {
    case "kernel":
      return movedKernel(node, to);
    case "gemm": {
      const { epilogue, a, b } = node;
      const matrices = { a: { ...a, offset: to(a.offset) }, b: { ...b, offset: to(b.offset) } };
      return epilogue?.bias === undefined
        ? { ...node, ...matrices }
        : { ...node, ...matrices, epilogue: { ...epilogue, bias: to(epilogue.bias) } };
    }
    case "conv": {
      const { x, w, bias, behind } = node;
      return {
        ...node,
        ...(behind === undefined ? {} : { behind: movedBehind(behind, to) }),
        x: { ...x, offset: to(x.offset) },
        w: { ...w, offset: to(w.offset) },
        ...(bias === undefined ? {} : { bias: to(bias) }),
      };
    }
    default:
      return node;
  }
}

function movedKernel(node: KernelNode, to: (offset: number) => number): KernelNode {
  const args = node.args.map((each) => ("ptr" in each ? { ptr: to(each.ptr) } : each));
  return { ...node, args };
}

function movedBehind(behind: ConvBehind, to: (offset: number) => number): ConvBehind {
  const { residual, kernel } = behind;
  return {
    ...behind,
    ...(residual === undefined ? {} : { residual: to(residual) }),
    kernel: movedKernel(kernel, to),
  };
}
