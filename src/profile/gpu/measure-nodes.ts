/**
 * The time that every operator takes alone on the GPU.
 *
 * A node is measured as a graph of 20 copies, one after the other, so that the time of launching the
 * graph is shared by many and the clock's grain does not matter. Nodes that do the same (the same
 * kernel, the same product) are measured once. Nodes are measured in groups whose members take turns
 * round by round, so that a change of clock hits all members alike. Those with weights are then measured with
 * cold ones (`measure-cold.ts`).
 */
import { present } from "../../core/invariant.js";
import { ok, type Result } from "../../core/result.js";
import { type Json, stableJson } from "../../core/stable-json.js";
import type { CallBehind, DeviceNode, MatrixOperand } from "../../kernels/device-node.js";
import type { KernelFacts, NodeKernels } from "../../runtime/cuda/client/protocol.js";
import type { DeviceSession } from "../../runtime/cuda/session/device-session.js";
import type { Timing } from "../profile.js";
import type { OnProgress } from "../progress.js";
import { timingOf } from "../timing.js";
import type {
  GpuKernelRecord,
  GpuLaunchCosts,
  GpuNodeTiming,
  GpuOperatorTiming,
  GpuPairTiming,
} from "./gpu-profile.js";
import { measureCold } from "./measure-cold.js";
import { measureLaunching } from "./measure-launching.js";

/** Copies of a node in a graph: beyond 20 the share of the launch is below 2 % of a small kernel. */
const REPEAT = 20;
/** Samples of each node. */
const ROUNDS = 11;
/** Nodes that take turns. */
const GROUP = 16;
/** Pairs measured at most. */
const MOST_PAIRS = 24;

/** Measurements of a program besides its schedules. */
export interface NodeMeasurements {
  readonly launchCosts: GpuLaunchCosts;
  readonly operators: readonly GpuOperatorTiming[];
}

/**
 * Measures launch costs and every operator of the session's program.
 *
 * Fails: what the helper refuses. Cost: some milliseconds for each distinct node.
 */
export async function measureNodes(
  session: DeviceSession,
  onProgress?: OnProgress,
): Promise<Result<NodeMeasurements>> {
  const { program } = session;
  const launchCosts = await measureLaunching(session);
  if (!launchCosts.ok) {
    return launchCosts;
  }
  const first = new Map<string, number>();
  const keys = program.nodes.map(({ node }, at) => {
    const key = keyOf(node, (kernel) => program.kernels.find(kernel).name);
    if (!first.has(key)) {
      first.set(key, at);
    }
    return key;
  });
  const distinct = [...first];
  const kernels = await session.kernels({
    timed: distinct.map(([, node]) => node),
    repeat: REPEAT,
    rounds: ROUNDS,
  });
  if (!kernels.ok) {
    return kernels;
  }
  const timings = new Map<string, Timing>();
  for (let start = 0; start < distinct.length; start += GROUP) {
    const group = distinct.slice(start, start + GROUP);
    const schedules = group.map(([, node]) => ({ launches: [{ node }] }));
    const samples = await session.measure({ schedules, rounds: ROUNDS, repeat: REPEAT });
    if (!samples.ok) {
      return samples;
    }
    group.forEach(([key], i) => {
      timings.set(key, timingOfUs(present(samples.value[i], "samples")));
    });
    const done = Math.min(start + GROUP, distinct.length);
    onProgress?.({ phase: "operators", done, total: distinct.length, label: "distinct kernels" });
  }
  const { chainNs } = launchCosts.value;
  const cold = await measureCold(session, [...first.values()], chainNs);
  if (!cold.ok) {
    return cold;
  }
  const recordsOf = new Map(
    distinct.map(([key, node]) => [key, recordsOfNode(present(kernels.value[node], "kernels"))]),
  );
  const timesOf = (key: string): Timing & Pick<GpuNodeTiming, "warmNs"> => {
    const warm = present(timings.get(key), "timing");
    const found = cold.value.get(present(first.get(key), "node"));
    return found === undefined ? warm : { ...found, warmNs: warm.medianNs };
  };
  const { operators } = program.model.lowered.graph;
  return ok({
    launchCosts: launchCosts.value,
    operators: operators.map(({ id, name }) => ({
      name,
      nodes: present(program.nodesOf[id], "nodes").map((at) => ({
        kind: present(program.nodes[at], "node").node.kind,
        ...timesOf(present(keys[at], "key")),
        kernels: present(recordsOf.get(present(keys[at], "key")), "kernels"),
      })),
    })),
  });
}

/**
 * Measures pairs of operators that do not depend on each other, on one stream and on two.
 *
 * Requires: `pairs` are operators with one node at least. Order: as given, at most 24.
 */
export async function measurePairs(
  session: DeviceSession,
  pairs: readonly (readonly [number, number])[],
): Promise<Result<readonly GpuPairTiming[]>> {
  const { nodesOf, model } = session.program;
  const taken = pairs.slice(0, MOST_PAIRS);
  const results: GpuPairTiming[] = [];
  for (let start = 0; start < taken.length; start += GROUP / 2) {
    const group = taken.slice(start, start + GROUP / 2);
    const schedules = group.flatMap(([a, b]) =>
      [0, 1].map((stream) => ({
        launches: [
          ...(nodesOf[a] ?? []).map((node) => ({ node, stream: 0 })),
          ...(nodesOf[b] ?? []).map((node) => ({ node, stream })),
        ],
      })),
    );
    const samples = await session.measure({ schedules, rounds: ROUNDS, repeat: REPEAT });
    if (!samples.ok) {
      return samples;
    }
    for (const [i, pair] of group.entries()) {
      results.push({
        operators: pair.map((id) => present(model.lowered.graph.operators[id], "operator").name),
        apart: timingOfUs(present(samples.value[2 * i], "samples")),
        together: timingOfUs(present(samples.value[2 * i + 1], "samples")),
      });
    }
  }
  return ok(results);
}

/** A timing of samples in microseconds. */
export function timingOfUs(samplesUs: readonly number[]): Timing {
  return timingOf(samplesUs.map((us) => us * 1000));
}

/** The kernels of a node, each with its part of the time: what it adds to those before it. */
function recordsOfNode({ kernels, prefixUs = [] }: NodeKernels): readonly GpuKernelRecord[] {
  const ends = prefixUs.map((samples) => timingOfUs(samples).medianNs);
  return kernels.map((facts, at) => {
    const end = ends[at];
    return end === undefined
      ? recordOf(facts)
      : { ...recordOf(facts), partNs: Math.max(1, end - (ends[at - 1] ?? 0)) };
  });
}

function recordOf(facts: KernelFacts): GpuKernelRecord {
  return {
    ...(facts.name === "" ? {} : { name: facts.name }),
    grid: facts.grid,
    threadBlock: facts.block,
    registersPerThread: facts.registers,
    sharedBytesPerBlock: facts.staticSharedBytes + facts.dynamicSharedBytes,
    ...(facts.residentBlocks === undefined ? {} : { residentThreadBlocks: facts.residentBlocks }),
  };
}

/** The work of a node, apart from the places of its operands. */
function keyOf(
  node: DeviceNode,
  nameOf: (kernel: Extract<DeviceNode, { kind: "kernel" }>["kernel"]) => string,
): string {
  const matrix = ({ rowStride, isTransposed, batchStride }: MatrixOperand): Json => [
    rowStride,
    isTransposed,
    batchStride,
  ];
  switch (node.kind) {
    case "kernel":
      return nameOf(node.kernel);
    case "gemm": {
      const { type, m, n, k, batch, alpha, beta } = node;
      const scalars: Json = [type, m, n, k, batch, alpha, beta];
      const { bias, residual, activation } = node.epilogue ?? {};
      const further: Json =
        node.epilogue === undefined
          ? []
          : [bias !== undefined, residual !== undefined, activation ?? ""];
      const matrices: Json = [matrix(node.a), matrix(node.b), matrix(node.c)];
      return stableJson(["gemm", scalars, ...matrices, ...further]);
    }
    case "conv": {
      const { type, x, w, y, pads, strides, dilations, groups, bias, residual, relu } = node;
      const dims: Json = [[...x.dims], [...w.dims], [...y.dims]];
      const window: Json = [[...pads], [...strides], [...dilations], groups];
      const isExtended = residual !== undefined || relu === true;
      const further: Json = isExtended ? [residual !== undefined, relu === true] : [];
      const order: Json = node.isChannelsLast === true ? ["channels-last", y.channels ?? 0] : [];
      const behind: Json = node.behind === undefined ? [] : [behindKey(node.behind, nameOf)];
      const fields: Json = [type, dims, window, bias !== undefined, ...further, ...order];
      return stableJson(["conv", ...fields, ...behind]);
    }
  }
}

/** What stands behind a convolution, apart from the places of its operands. */
function behindKey(
  { function: applied, residual, y, kernel }: CallBehind,
  nameOf: (kernel: CallBehind["kernel"]) => string,
): Json {
  const called: Json = applied === undefined ? [] : [applied.name, ...applied.numbers.map(String)];
  return [...called, residual !== undefined, y.channels ?? 0, nameOf(kernel)];
}
