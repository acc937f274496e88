/** What the program launches where channels are last, and ONNX Runtime's values for it. */
import { describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import type { DeviceNode } from "../../src/kernels/device-node.js";
import { emitInBestLayout } from "../../src/kernels/layout-choice.js";
import { precisionPlan } from "../../src/kernels/precision.js";
import { withKernelList } from "../../src/onnx/fuse/fuse-operators.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { distance, emulate, reference } from "../support/emulate-model.js";
import { featureModel, type MapStep } from "../support/feature-models.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { loweredTinyModel } from "../support/tiny-model.js";

const step = (layer: MapStep["layer"], more: Partial<MapStep> = {}): MapStep => ({
  layer,
  from: 0,
  other: 0,
  channels: 8,
  ...more,
});

function launchOf(node: DeviceNode): string {
  if (node.kind !== "conv") {
    return node.kind === "kernel" ? node.kernel.label : node.kind;
  }
  const part = node.y.channels === undefined ? "" : ` of ${node.y.channels}`;
  return `${node.isChannelsLast === true ? "turned" : "rows"} ${node.y.dims[1]}${part}`;
}

function launchesOf(lowered: LoweredModel, tensorCores: boolean): readonly string[] {
  const options = { floats: "f32", estimateUnsupported: false } as const;
  const made = emitInBestLayout(withKernelList(lowered, "patterns"), options, tensorCores);
  return made.ok ? made.value.plans.flatMap(({ nodes }) => nodes.map(launchOf)) : [];
}

describe.skipIf(SKIP_REASON !== undefined)("channels last", () => {
  async function launched(steps: readonly MapStep[], tensorCores = true) {
    const { lowered, remove } = await loweredTinyModel(featureModel(steps));
    try {
      const theirs = await reference(lowered);
      for (const precision of ["ieee", "f16"] as const) {
        const ours = await emulate(lowered, precision, {
          fuse: "patterns",
          layout: "channels-last",
        });
        for (const [output, bytes] of ours) {
          const wanted = present(theirs.get(output), output);
          const tolerance = precision === "ieee" ? 1e-5 : precisionPlan(precision).tolerance;
          expect(distance(wanted.elementType, bytes, wanted.bytes)).toBeLessThan(tolerance);
        }
      }
      return launchesOf(lowered, tensorCores);
    } finally {
      remove();
    }
  }

  it("are kept from the first convolution to the pool of all places", async () => {
    const steps = [step("convolution"), step("one-place"), step("one-place")];
    expect(await launched([...steps, step("relu")])).toEqual([
      "layout",
      "turned 8",
      "turned 8",
      "turned 8",
      "layout",
      "elementwise",
      "reduce",
    ]);
  });

  it("are written among those of a Concat by all that makes them, in a batch too", async () => {
    const steps = [step("convolution"), step("concat-results"), step("one-place")];
    const launches = await launched([...steps, step("one-place")]);
    expect(launches).not.toContain("concat");
    expect(launches).toContain("turned 8 of 24");
  });

  it("are copied by convolutions where something else takes rows", async () => {
    const steps = [step("convolution"), step("transposed"), step("one-place")];
    const launches = await launched([...steps, step("one-place")]);
    expect(launches.slice(0, 6)).toEqual([
      "layout",
      "turned 8",
      "layout",
      "transpose",
      "layout",
      "turned 8",
    ]);
  });

  it("are rows where tensor cores do not make convolutions", async () => {
    const launches = await launched([step("convolution"), step("one-place")], false);
    expect(launches).not.toContain("layout");
    expect(launches).toContain("rows 8");
  });
});
