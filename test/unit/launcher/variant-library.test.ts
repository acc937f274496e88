import { describe, expect, it } from "vitest";
import { H200 } from "../../../src/cost/device-models/hopper.js";
import { servingModelOf, VARIANT_NAMES } from "../../../src/launcher/variant-library.js";
import { residentConstants } from "../../../src/onnx/resident-constants.js";
import { loadModel, loadModelForBatch } from "../../../src/runtime/load-model.js";
import { profileNs } from "../../../src/schedule/serving/task-profile.js";

const OPTIONS = { device: H200, math: "tf32", seed: 1 } as const;

async function library(file: string, batches: readonly number[]) {
  const lowerings = [];
  for (const batch of batches) {
    const [path, options] = [`fixtures/models/${file}`, { dims: new Map() }] as const;
    const lowered =
      batch === 1
        ? await loadModel(path, options)
        : await loadModelForBatch(path, options, { batch, mayRewrite: true });
    if (!lowered.ok) {
      throw new Error(JSON.stringify(lowered.error));
    }
    lowerings.push({ batch, lowered: lowered.value });
  }
  return { model: servingModelOf("m", lowerings, OPTIONS), lowerings };
}

const timesOf = ({ variants }: Awaited<ReturnType<typeof library>>["model"]) =>
  new Map(variants.map(({ name, runs }) => [name, runs.map(({ profile }) => profileNs(profile))]));

describe("a library of variants", () => {
  it("has a task of every variant for every batch, none slower than one stream", async () => {
    const { model, lowerings } = await library("googlenet.onnx", [1, 4]);
    expect(model.variants.flatMap(({ name, also = [] }) => [name, ...also]).sort()).toEqual(
      [...VARIANT_NAMES].sort(),
    );
    for (const { runs } of model.variants) {
      expect(runs.map(({ batch }) => batch)).toEqual([1, 4]);
      // Activations grow with the batch, weights do not.
      expect(runs[1]!.workspaceBytes).toBe(4 * runs[0]!.workspaceBytes);
    }
    const times = timesOf(model);
    for (const [at, sequential] of times.get("sequential")!.entries()) {
      expect(times.get("opara")![at]).toBeLessThan(sequential);
      expect(times.get("top-compile")![at]).toBeLessThan(sequential);
    }
    // An Inception module has four branches that could run at the same time.
    const streams = (variant: string) =>
      model.variants.find(({ name }) => name === variant)?.runs.map((run) => run.schedule?.streams);
    expect(streams("wide")).toEqual([4, 4]);
    expect(streams("narrow")).toEqual([2, 2]);
    // Parts of the best schedule, cut where nothing runs.
    const [best, two, four] = ["top-compile", "pipelined-2", "pipelined-4"].map(
      (variant) => model.variants.find(({ name }) => name === variant)!.runs,
    );
    for (const [at, run] of best!.entries()) {
      expect([two![at]!.schedule, four![at]!.schedule]).toEqual([run.schedule, run.schedule]);
      expect([two![at]!.pipeline!.length, four![at]!.pipeline!.length]).toEqual([2, 4]);
      for (const begin of [...two![at]!.pipeline!, ...four![at]!.pipeline!]) {
        expect(begin === 0 || run.profile.share[begin - 1] === 0).toBe(true);
      }
    }
    const weights = residentConstants(lowerings[1]!.lowered);
    expect(model.residentBytes).toBe(weights.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  it("of a chain has one schedule, whole and in parts", async () => {
    const { model } = await library("small/functions.onnx", [1]);
    expect(model.variants.map(({ name }) => name)).toEqual([
      "sequential",
      "pipelined-2",
      "pipelined-4",
    ]);
    expect(model.variants.map(({ also }) => also)).toEqual([
      ["narrow", "opara", "wide", "ios", "top-compile"],
      undefined,
      undefined,
    ]);
    const { model: branches } = await library("two-branch.onnx", [1]);
    // Opara has the same two streams for two branches.
    expect(branches.variants.find(({ name }) => name === "narrow")?.also).toContain("opara");
    expect(branches.variants.map(({ name }) => name)).not.toContain("opara");
  });
});
