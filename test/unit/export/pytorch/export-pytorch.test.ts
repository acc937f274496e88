import { describe, expect, it } from "vitest";
import { exportPytorch } from "../../../../src/export/pytorch/export-pytorch.js";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildShape } from "../../../../src/placement/shapes/build-shape.js";
import {
  exportedBy,
  orderedSubject,
  serialSubject,
  textOf,
} from "../../../support/export-subjects.js";
import { placedBlocks } from "../../../support/placed-blocks.js";

const CHAIN = ["f0>f1", "f1>b1", "b1>b0"];
const V = placedBlocks(["f0@0", "f1@1", "b1@1", "b0@0"], CHAIN);
const SPLIT = placedBlocks(
  ["f0@0", "f1@1", "b1@1", "b0@0", "w0@0", "w1@1"],
  [...CHAIN, "b0>w0", "b1>w1"],
);

describe("a schedule for PyTorch", () => {
  it("has a row for each rank, with transfers in the order of what they carry", async () => {
    const { text } = await exportedBy(exportPytorch, serialSubject(V, 2));
    expect(text).toBe(
      [
        "0UNSHARD,0F0,0SEND_F0,0RECV_B0,0B0,0F1,0SEND_F1,0RECV_B1,0B1,0REDUCE_GRAD,0RESHARD",
        "1UNSHARD,1RECV_F0,1F0,1B0,1SEND_B0,1RECV_F1,1F1,1B1,1SEND_B1,1REDUCE_GRAD,1RESHARD",
        "",
      ].join("\n"),
    );
  });

  it("has actions alone where PyTorch is to add the transfers", async () => {
    const subject = serialSubject(SPLIT, 1, { computeOnly: true });
    const { text } = await exportedBy(exportPytorch, subject);
    expect(text).toBe("0F0,0I0,0W0\n1F0,1I0,1W0\n");
  });

  it("numbers micro-batches as the last stage runs them", async () => {
    // Always the last of what can start: micro-batch 2 first.
    const subject = orderedSubject(V, 3, (count) => count - 1);
    const { text, notes } = await exportedBy(exportPytorch, {
      ...subject,
      options: { computeOnly: true },
    });
    const [, last = ""] = text.split("\n");
    expect(last.split(",").filter((cell) => cell.includes("F"))).toEqual(["1F0", "1F1", "1F2"]);
    expect(notes.join("\n")).toContain("micro-batches are numbered as the last stage runs them");
  });

  it("says which block does the work of the first stage's missing gradient", async () => {
    const { notes } = await exportedBy(exportPytorch, serialSubject(SPLIT, 1));
    expect(notes).toContain(
      "PyTorch computes no gradient of the first stage's input: all of its backward runs in w0",
    );
  });

  it("of an inference has backwards that do nothing, behind the forwards", async () => {
    const placement = placedBlocks(["f0@0", "f1@1"], ["f0>f1"]);
    const { text, files } = await exportedBy(exportPytorch, serialSubject(placement, 2));
    expect(text).toBe(
      [
        "0UNSHARD,0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1,0RESHARD",
        "1UNSHARD,1RECV_F0,1F0,1RECV_F1,1F1,1B0,1SEND_B0,1B1,1SEND_B1,1RESHARD",
        "",
      ].join("\n"),
    );
    expect(textOf(files[1])).toContain("schedule.eval(");
  });

  it("of two chains has stages 0 to n - 1 and n to 2n - 1, the second begun without a split", async () => {
    const shape = buildShape("dualpipe", { devices: 2 });
    const placement = shape.ok ? shape.value : undefined!;
    const { text, files } = await exportedBy(exportPytorch, serialSubject(placement, 1));
    const cells = text.replaceAll("\n", ",").split(",");
    expect(cells.filter((cell) => cell.startsWith("2") && /[FBIW]\d/.test(cell))).toEqual(
      expect.arrayContaining(["2F0", "2B0", "2SEND_F0", "2RECV_B0"]),
    );
    expect(cells.filter((cell) => /^(?:2[IW]|1SEND_F|2RECV_F)/.test(cell))).toEqual([]);
    expect(textOf(files[1])).toContain("CHAIN = 2\n");
  });

  it.each<[string, Placement, string, string]>([
    [
      "a block on several devices",
      placedBlocks(["f0@0", "f1@0+1", "b1@1", "b0@0"], CHAIN),
      "block f1",
      "is on 2 devices",
    ],
    ["another kind", placedBlocks(["f0@0", "o1@0"], []), "block o1", "is of kind other"],
    [
      "a skip connection",
      placedBlocks(["f0@0", "f1@1", "f2@2"], ["f0>f1", "f1>f2", "f0>f2"]),
      "block f0",
      "sends to f1 and f2",
    ],
    [
      "two inputs",
      placedBlocks(["f0@0", "f1@1", "f2@2"], ["f0>f2", "f1>f2"]),
      "block f2",
      "waits for f0 and f1",
    ],
    [
      "chains of different lengths",
      placedBlocks(["f0@0", "f1@1", "f2@2"], ["f0>f1"]),
      "block f2",
      "begins another chain",
    ],
    [
      "a frozen stage",
      placedBlocks(["f0@0", "f1@1", "b1@1"], ["f0>f1", "f1>b1"]),
      "block f0",
      "has no backward",
    ],
    [
      "a backward elsewhere",
      placedBlocks(["f0@0", "f1@1", "b1@0", "b0@1"], CHAIN),
      "block b0",
      "is on another device than f0",
    ],
    [
      "a backward of nothing",
      placedBlocks(["f0@0", "f1@1", "b1@1", "b0@0", "b2@0"], [...CHAIN, "b0>b2"]),
      "block b2",
      "is the backward of no forward block",
    ],
    [
      "two weight blocks of a stage",
      placedBlocks(["f0@0", "b0@0", "w0@0", "w1@0"], ["f0>b0", "b0>w0", "b0>w1"]),
      "block w1",
      "is the second weight block",
    ],
    [
      "a weight block without a backward",
      placedBlocks(["f0@0", "b0@0", "w0@0"], ["f0>b0"]),
      "block w0",
      "waits for 0 backward blocks",
    ],
    [
      "a dependency across stages",
      placedBlocks(["f0@0", "f1@1", "b1@1", "b0@0"], [...CHAIN, "f0>b1"]),
      "block b1",
      "depends on f0 of another stage",
    ],
    [
      "neighbors on one rank without training",
      placedBlocks(["f0@0", "f1@1", "f2@1"], ["f0>f1", "f1>f2"]),
      "block f2",
      "follows a stage on the same rank",
    ],
  ])("is refused for %s, by name", async (_, placement, place, message) => {
    const result = await exportPytorch(serialSubject(placement, 1));
    const [failure] = result.ok ? [] : result.error;
    expect(failure).toMatchObject({
      code: "export-block-unfit",
      where: `a.schedule.json, ${place}`,
    });
    expect(failure?.message).toContain(message);
  });

  it("is refused for a device without a stage", async () => {
    const placement = { ...V, devices: [...V.devices, { name: "spare", memory: undefined }] };
    const result = await exportPytorch(serialSubject(placement, 1));
    const [failure] = result.ok ? [] : result.error;
    expect(failure?.where).toBe("a.schedule.json, device spare");
  });

  it("is refused for two chains where PyTorch would add transfers between them", async () => {
    const shape = buildShape("x", { devices: 2 });
    const placement = shape.ok ? shape.value : undefined!;
    const result = await exportPytorch(serialSubject(placement, 1, { computeOnly: true }));
    expect(result.ok ? "" : result.error[0].message).toContain("begins a second chain");
  });
});

describe("the options of torchtitan", () => {
  it.each<[string, number, string]>([
    ["v", 4, "1F1B"],
    ["interleaved-1f1b", 2, "Interleaved1F1B"],
    ["zb-v", 4, "ZBVZeroBubble"],
  ])("name the schedule whose stages lie as those of %s", async (name, devices, wanted) => {
    const shape = buildShape(name, { devices });
    const placement = shape.ok ? shape.value : undefined!;
    const subject = serialSubject(placement, 2, { computeOnly: true });
    const { notes } = await exportedBy(exportPytorch, subject);
    expect(notes).toContain(`  --parallelism.pipeline_parallel_schedule ${wanted}`);
    expect(notes).toContain(`  --parallelism.pipeline_parallel_degree ${devices}`);
  });

  it("are left out where torchtitan has no such stages", async () => {
    const turned = placedBlocks(["f0@1", "f1@0", "b1@0", "b0@1"], CHAIN);
    const { notes } = await exportedBy(
      exportPytorch,
      serialSubject(turned, 1, { computeOnly: true }),
    );
    expect(notes.join("\n")).toContain("torchtitan cannot run it");
  });
});
