import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { H100 } from "../../../src/cost/device-models/hopper.js";
import { estimatedProblem } from "../../../src/estimate/estimated-problem.js";
import { programKernels } from "../../../src/estimate/program-kernels.js";
import { withKernelList, withoutCutGroups } from "../../../src/onnx/fuse/fuse-operators.js";
import { lowerModel } from "../../../src/onnx/lower.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { gpuMakespan } from "../../../src/schedule/simulate-gpu.js";
import { costStages } from "../../../src/staging/cost-stages.js";
import { estimatedCosts } from "../../../src/staging/model-costs.js";

/** A link that costs nothing, so that times are those of kernels alone. */
const LINK = { bytesPerSecond: Number.POSITIVE_INFINITY, latencyNs: 0 };

let lowered: LoweredModel;
beforeAll(async () => {
  const read = readModel(join("fixtures/models", "squeezenet.onnx"));
  expect(read.ok).toBe(true);
  const made = read.ok ? await lowerModel(read.value, { dims: new Map() }) : undefined;
  expect(made?.ok).toBe(true);
  lowered = (made?.ok ? made.value : undefined)!;
});

/** The stages of a cut in the order of the model after `first` operators: 1 of them or 2. */
function stagesAt(first: number) {
  const { operators } = lowered.graph;
  const stageCount = first === operators.length ? 1 : 2;
  const stageOf = Int32Array.from(operators, (_, at) => (at < first ? 0 : 1));
  const places = Array.from({ length: stageCount }, (_, at) => at);
  return costStages(
    lowered,
    estimatedCosts(lowered, H100, "tf32"),
    { training: undefined, link: LINK, microBatches: 8 },
    {
      devices: places.map((at) => ({ name: `d${at}`, speed: 1, memoryBytes: undefined })),
      seats: places.map((at) => ({ id: `s${at}`, devices: [at], efficiency: 1 })),
      partition: { stageOf, stageCount },
    },
  ).stages;
}

describe("stages on a device model", () => {
  it("take as long as the kernels of their operators one after the other, gaps included", () => {
    const { operators } = lowered.graph;
    const kernels = programKernels(lowered, H100, "tf32");
    for (const first of [1, 7, 30, operators.length - 1, operators.length]) {
      const times = stagesAt(first).map(({ forwardNs }) => forwardNs);
      const parts = [kernels.slice(0, first), kernels.slice(first)];
      const expected = parts.slice(0, times.length).map((part) => {
        const list = part.flat();
        return list.reduce((sum, { durationNs }) => sum + durationNs + H100.launchGapNs, 0);
      });
      expect(times).toEqual(expected);
    }
  });

  it("add up to the simulated time of one stream, with the gap to the next micro-batch", () => {
    const { work, graph } = estimatedProblem(lowered, H100, "tf32");
    const launches = graph.operators.map(({ id }) => ({
      operator: id,
      stream: 0,
      waits: [],
      record: false,
    }));
    const oneStream = gpuMakespan(work, { algorithm: "sequential", streams: 1, launches });
    const sum = stagesAt(30).reduce((total, { forwardNs }) => total + forwardNs, 0);
    expect(sum).toBe(oneStream + H100.launchGapNs);
    const { durationNs } = estimatedCosts(lowered, H100, "tf32");
    expect(durationNs.reduce((total, ns) => total + ns, 0)).toBe(sum);
  });

  it("are those of the members where a cut by hand goes through what one launch computes", () => {
    const listed = withKernelList(lowered, "patterns");
    const { durationNs, groupOf, timesIfCut } = estimatedCosts(listed, H100, "tf32");
    const groups = listed.fused?.groups ?? [];
    const [torn, ...whole] = groups.filter(({ kind }) => kind === "epilogue");
    const members = torn?.members ?? expect.fail("no group");
    const last = members.at(-1) ?? expect.fail("no member");
    // A search never cuts here.
    expect(new Set(members.map((id) => groupOf[id])).size).toBe(1);
    const stageOf = Int32Array.from(lowered.graph.operators, ({ id }) => (id < last ? 0 : 1));
    const times = timesIfCut?.(stageOf) ?? expect.fail("no times");
    const kernels = programKernels(withoutCutGroups(listed, stageOf), H100, "tf32");
    for (const id of members) {
      const own = kernels[id]!;
      const expected = own.reduce((sum, kernel) => sum + kernel.durationNs + H100.launchGapNs, 0);
      expect(times[id]).toBe(expected);
      expect(durationNs[id] === 0).toBe(id !== last);
    }
    const others = lowered.graph.operators.filter(({ id }) => !members.includes(id));
    expect(others.map(({ id }) => times[id])).toEqual(others.map(({ id }) => durationNs[id]));
    expect(whole.length).toBeGreaterThan(5);
    // A cut beside groups changes nothing.
    const beside = Int32Array.from(lowered.graph.operators, ({ id }) => (id <= last ? 0 : 1));
    expect(timesIfCut?.(beside)).toEqual(durationNs);
  });
});
