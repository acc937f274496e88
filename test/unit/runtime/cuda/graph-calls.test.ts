import { expect, it } from "vitest";
import { graphCalls } from "../../../../src/runtime/cuda/session/graph-calls.js";

const plain = { workspaceBytes: 0 };

it("counts what is a graph and what a kernel follows", () => {
  const nodes = [
    plain,
    ...(["graph", "kernel", "graph"] as const).map((behind) => ({ ...plain, behind })),
  ];
  const graphs = { different: 2, planMs: 1234 };
  expect(graphCalls({ nodes, graphs })).toEqual({ graphs: 2, kernels: 1, plans: 2, planMs: 1234 });
  const refused = [{ ...plain, behind: "kernel" as const }];
  expect(graphCalls({ nodes: refused })).toEqual({ graphs: 0, kernels: 1, plans: 0, planMs: 0 });
});

it("has nothing to count where nothing stands behind", () => {
  expect(graphCalls({ nodes: [plain] })).toBeUndefined();
});
