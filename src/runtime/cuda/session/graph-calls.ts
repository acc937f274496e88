/** What cuDNN computes behind the convolutions of a program. */
import type { ResultOf } from "../client/protocol.js";

/** Convolutions of which more stands behind than their own call has. */
export interface GraphCalls {
  /** Those that are one graph of cuDNN with it. */
  readonly graphs: number;
  /** Those that cuDNN has no graph for: a kernel follows the call. */
  readonly kernels: number;
  /** Graphs that differ; equal ones share a plan. */
  readonly plans: number;
  /** What the host took to find the plans, which are compiled. Units: milliseconds. */
  readonly planMs: number;
}

/** What became of the convolutions of a program; `undefined` where nothing stands behind any. */
export function graphCalls({ nodes, graphs }: ResultOf<"program">): GraphCalls | undefined {
  const count = (how: "graph" | "kernel") => nodes.filter(({ behind }) => behind === how).length;
  const counts = { graphs: count("graph"), kernels: count("kernel") };
  return counts.graphs + counts.kernels === 0
    ? undefined
    : { ...counts, plans: graphs?.different ?? 0, planMs: graphs?.planMs ?? 0 };
}
