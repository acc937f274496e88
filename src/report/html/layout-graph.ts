import { type Edge, Graph, layout } from "@dagrejs/dagre";
import { present } from "../../core/invariant.js";
import type { DrawnNode } from "./drawn-graph.js";

/** A point of the picture, in pixels at full size. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where everything stands: centers of nodes, and the corners of edges. */
export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  /** By node. */
  readonly centers: readonly Point[];
  readonly edges: readonly {
    readonly from: number;
    readonly to: number;
    readonly points: readonly Point[];
  }[];
}

/** The size of a node. */
export const NODE_SIZE = { width: 112, height: 22 } as const;

/** Space around the whole, between nodes of one layer, and between layers. */
const SPACE = { margin: 8, nodes: 8, layers: 26 } as const;

/**
 * A layered layout, left to right, in the same pixels every time.
 *
 * Source: dagre (Gansner et al., A Technique for Drawing Directed Graphs), with its `tight-tree` ranks: of its
 * rankers the one whose time does not explode on large graphs.
 * Cost: seconds for 600 nodes with long edges; see `MOST_NODES`.
 */
export function layoutGraph(nodes: readonly DrawnNode[]): GraphLayout {
  const graph = new Graph({ multigraph: false });
  graph.setGraph({
    rankdir: "LR",
    ranker: "tight-tree",
    marginx: SPACE.margin,
    marginy: SPACE.margin,
    nodesep: SPACE.nodes,
    ranksep: SPACE.layers,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const at of nodes.keys()) {
    graph.setNode(String(at), { ...NODE_SIZE });
  }
  for (const [to, { before }] of nodes.entries()) {
    for (const from of before) {
      graph.setEdge(String(from), String(to), {});
    }
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width: Math.ceil(finite(width)),
    height: Math.ceil(finite(height)),
    centers: nodes.map((_, at) => pointOf(present(graph.node(String(at)), "node of a layout"))),
    edges: graph.edges().map(({ v, w }: Edge) => {
      const { points = [] } = present(graph.edge(v, w), "edge of a layout");
      return { from: Number(v), to: Number(w), points: points.map(pointOf) };
    }),
  };
}

/** To a tenth of a pixel, which no screen shows, so that pages stay small. */
function pointOf({ x = 0, y = 0 }: { x?: number; y?: number }): Point {
  return { x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 };
}

/** The size of a graph without nodes is not a number. */
function finite(size: number): number {
  return Number.isFinite(size) ? size : 0;
}
