import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lowerModel } from "../../../src/onnx/lower.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { chooseBy, nestedBranches } from "../../support/known-branches.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "branches-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function lowered(bytes: Uint8Array, dims: Record<string, number> = {}) {
  const path = join(folder, "m.onnx");
  writeFileSync(path, bytes);
  const model = readModel(path);
  const result = model.ok
    ? await lowerModel(model.value, { dims: new Map(Object.entries(dims)) })
    : model;
  if (!result.ok) {
    throw new Error(result.error[0].message);
  }
  return result.value;
}

function typesOf({ graph }: LoweredModel): readonly string[] {
  return graph.operators.map(({ type }) => type);
}

const CHOICE = "choose product again constant outer inside";

describe("an If whose condition is known", () => {
  it("is the nodes of the branch that runs, branches inside of it too", async () => {
    const model = await lowered(nestedBranches(false));
    expect(typesOf(model)).toEqual(["Relu", "Add", "MatMul", "Exp", "Add", "Tanh"]);
    expect(model.graph.operators.map(({ name }) => name)).toContain(`${CHOICE}/MatMul_1`);
  });

  it("keeps the names of its outputs and of values around it; its own get unique ones", async () => {
    const { types, model } = await lowered(nestedBranches(false));
    expect(types.get("product")?.dims).toEqual([2, 2000]);
    expect(types.get("value")?.dims).toEqual([2, 2000]);
    expect(types.get("outer")?.dims).toEqual([2, 3]);
    expect(types.get(`${CHOICE}/a`)?.dims).toEqual([2, 3]);
    const made = [
      ...model.graph.initializers.map(({ name }) => name),
      ...model.graph.nodes.flatMap(({ outputs }) => outputs),
    ];
    expect(new Set(made).size).toBe(made.length);
  });

  it("leaves large weights of the branch in the file", async () => {
    const { initializers } = (await lowered(nestedBranches(false))).model.graph;
    const weight = initializers.find(({ name }) => name === `${CHOICE}/weight`);
    expect(weight?.payload).toMatchObject({ kind: "file", bytes: 3 * 2000 * 4 });
    const small = initializers.find(({ name }) => name === `${CHOICE}/small`);
    expect(small?.payload.kind).toBe("inline");
  });

  it("follows the size that a dynamic dim is given", async () => {
    expect(typesOf(await lowered(chooseBy("size"), { columns: 3 }))).toEqual(["Neg"]);
    expect(typesOf(await lowered(chooseBy("size"), { columns: 4 }))).toEqual(["Exp"]);
  });

  it("stays an If where the condition depends on data", async () => {
    expect(typesOf(await lowered(chooseBy("data"), { columns: 3 }))).toContain("If");
  });

  it("stays an If where the condition rests on a size that another run may not find", async () => {
    const dims = { columns: 3, "found[1]": 3 };
    expect(typesOf(await lowered(chooseBy("found"), dims))).toContain("If");
  });
});
