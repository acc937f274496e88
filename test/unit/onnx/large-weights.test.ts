/** Weights beyond the 2 GiB that one read, one write or one protobuf message can have; the files are sparse. */
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { extractSubmodel } from "../../../src/onnx/extract-submodel.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import type { OnnxTensor } from "../../../src/onnx/model.js";
import { PayloadReader } from "../../../src/onnx/read-payload.js";
import { writeModel } from "../../../src/onnx/write-model.js";
import { branchingModel, loweredTinyModel } from "../../support/tiny-model.js";

const GIB = 2 ** 30;

/** A table of float32 whose elements are in `weights.bin`. */
function table(name: string, bytes: number, offset = 0): OnnxTensor {
  const payload = { kind: "external", location: "weights.bin", offset, bytes } as const;
  return { name, elementType: "float32", dims: [bytes / 4], payload };
}

describe("weights beyond 2 GiB", () => {
  const bytes = 2 * GIB + 12;
  let folder: string;
  let owner: { readonly path: string };
  let lowered: LoweredModel;
  let remove: () => void;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "large-weights-"));
    owner = { path: join(folder, "model.onnx") };
    const file = openSync(join(folder, "weights.bin"), "w");
    writeSync(file, Uint8Array.of(1, 2, 3, 4), 0, 4, 8);
    writeSync(file, Uint8Array.of(5, 6, 7, 8), 0, 4, 8 + bytes - 4);
    closeSync(file);
    truncateSync(join(folder, "weights.bin"), 3 * GIB);
    ({ lowered, remove } = await loweredTinyModel(branchingModel()));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
    remove();
  });

  it("are handed over piece by piece", () => {
    const payloads = new PayloadReader(owner);
    let end = 0;
    let largest = 0;
    const found: number[] = [];
    const all = payloads.eachPiece(table("e", bytes, 8), (piece, at) => {
      expect(at).toBe(end);
      end = at + piece.length;
      largest = Math.max(largest, piece.length);
      found.push(...(at === 0 ? piece.subarray(0, 4) : []));
      found.push(...(end === bytes ? piece.subarray(-4) : []));
    });
    payloads.close();
    expect(all.ok).toBe(true);
    expect(end).toBe(bytes);
    expect(largest).toBeLessThan(32 * 2 ** 20);
    expect(found).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it.each([
    ["one tensor", [table("e", bytes)]],
    ["three together", [0, 1, 2].map((at) => table(`e${at}`, 0.9 * 2 ** 30, at * 2 ** 20))],
  ])("of %s are refused before they are read", (_, initializers) => {
    const unread = new PayloadReader({ path: join(folder, "nowhere", "model.onnx") });
    const parts = {
      model: lowered.model,
      name: "g",
      nodes: [],
      inputs: [],
      outputs: [],
      initializers,
      constants: new Map(),
    };
    const written = writeModel(parts, unread);
    unread.close();
    expect(written.ok ? "" : written.error[0]).toMatchObject({ code: "model-too-large" });
  });

  it("are counted inside branches and attributes too", () => {
    const attribute = { kind: "tensor", value: table("", bytes) } as const;
    const nodes = lowered.model.graph.nodes.map((node) => ({
      ...node,
      attributes: new Map([["value", attribute]]),
    }));
    const large = {
      ...lowered,
      model: { ...lowered.model, graph: { ...lowered.model.graph, nodes } },
    };
    const [first] = lowered.graph.operators;
    const part = first && extractSubmodel(large, [first.id], first.outputs);
    expect(part?.ok === false ? part.error[0].code : "").toBe("model-too-large");
  });
});
