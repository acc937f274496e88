import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operatorId } from "../../../../src/ir/operator-graph.js";
import type { LoweredModel } from "../../../../src/onnx/lowered-model.js";
import { alignByOrder } from "../../../../src/profile/import/align-by-order.js";
import type { ImportedPart, ImportedSource } from "../../../../src/profile/import/imported-part.js";
import { matchParts } from "../../../../src/profile/import/match-parts.js";
import { IMPORT_OPERATORS, importModel } from "../../../support/import-model.js";
import { loweredTinyModel } from "../../../support/tiny-model.js";

let lowered: LoweredModel;
let remove = (): void => {};
beforeAll(async () => {
  const made = await loweredTinyModel(importModel());
  lowered = made.lowered;
  remove = made.remove;
});
afterAll(() => remove());

function part(label: string, ns: number, names: readonly string[] = [label]): ImportedPart {
  const timing = { medianNs: ns, p10Ns: ns, p90Ns: ns, samples: 3 };
  return { label, readings: [names], timing, wholeNs: ns, launches: [] };
}

function sourceOf(parts: readonly ImportedPart[]): ImportedSource {
  return {
    tool: "csv",
    measuredBy: "a test",
    kind: "any",
    resolutionNs: 1,
    includesGaps: false,
    hasQuantiles: true,
    threads: 1,
    parts,
    totalNs: parts.reduce((sum, { wholeNs }) => sum + wholeNs, 0),
    notes: [],
  };
}

const ALL = IMPORT_OPERATORS.map((name) => part(name, 100));

function matching(parts: readonly ImportedPart[], byOrder = false) {
  return matchParts(lowered, sourceOf(parts), { path: "p", byOrder });
}

/** Labels of the parts by operator, and the first of every group by name. */
function matchOf(parts: readonly ImportedPart[], byOrder = false) {
  const matched = matching(parts, byOrder);
  const found = matched.ok ? matched.value : expect.fail(JSON.stringify(matched.error[0]));
  const name = (id: number): string => lowered.graph.operators[id]?.name ?? "";
  return {
    ...found,
    times: Object.fromEntries(
      [...found.partsOf].map(([id, list]) => [name(id), list.map(({ label }) => label)]),
    ),
    launchers: Object.fromEntries(
      [...found.launcherOf].flatMap(([id, end]) => (id === end ? [] : [[name(id), name(end)]])),
    ),
    groups: Object.fromEntries(
      [...found.first].flatMap((first, id) => (first === id ? [] : [[name(id), name(first)]])),
    ),
  };
}

describe("matching by name", () => {
  it("gives every operator its own time", () => {
    const { times, groups, coverage, unnamed } = matchOf(ALL);
    expect(times).toEqual(Object.fromEntries(IMPORT_OPERATORS.map((name) => [name, [name]])));
    expect({ groups, coverage, unnamed }).toEqual({ groups: {}, coverage: 1, unnamed: 0 });
  });

  it("gives a group's time to the first that is named, and adds what prepares it", () => {
    const { times, groups } = matchOf([
      part("copy", 1, ["w0", "MatMul_0", "Relu_1"]),
      part("one", 50, ["w0", "MatMul_0", "Relu_1"]),
      part("two", 60, ["MatMul_2", "Relu_3", "MatMul_4", "Relu_5"]),
      part("Add_6", 5),
    ]);
    expect(times).toEqual({ MatMul_0: ["copy", "one"], MatMul_2: ["two"], Add_6: ["Add_6"] });
    expect(groups).toEqual({
      Relu_1: "MatMul_0",
      Relu_3: "MatMul_2",
      MatMul_4: "MatMul_2",
      Relu_5: "MatMul_2",
    });
  });

  it("launches a part with the operator that all of it ends in", () => {
    const launchers = (...parts: readonly (readonly string[])[]) => {
      const named = new Set(parts.flat());
      const others = ALL.filter(({ label }) => !named.has(label));
      return matchOf([...parts.map((each) => part(each.join(), 50, each)), ...others]).launchers;
    };
    expect(launchers(["MatMul_0", "Relu_1"])).toEqual({ MatMul_0: "Relu_1" });
    // The kernel adds what the other branch gives, so it waits for that.
    expect(launchers(["MatMul_2", "Relu_3", "Add_6"])).toEqual({ MatMul_2: "Add_6" });
    expect(launchers(["Add_6", "Relu_5", "MatMul_4"])).toEqual({});
    // Both results are read elsewhere: what the first gives is as far as one operator can stand for.
    expect(launchers(["MatMul_2", "Relu_3", "MatMul_4", "Relu_5"])).toEqual({ MatMul_2: "Relu_3" });
    expect(launchers(["MatMul_4", "Relu_3"])).toEqual({});
    const prepared = matchOf([
      part("one", 50, ["MatMul_0", "Relu_1"]),
      part("copy", 1, ["MatMul_0"]),
      ...ALL.slice(2),
    ]);
    expect(prepared.launchers).toEqual({ MatMul_0: "Relu_1" });
  });

  it("takes the reading of which the model has every name, else most names", () => {
    const readings = [["TensorRT:MatMul_0", "Relu_1"], ["w0", "MatMul_0", "Relu_1"], ["Relu_1"]];
    const others = ALL.filter(({ label }) => label !== "Relu_1");
    const exact = matchOf([{ ...part("L", 9), readings }, ...others]).times;
    expect(exact).toMatchObject({ Relu_1: ["L"] });
    const most = matchOf([{ ...part("L", 9), readings: readings.slice(0, 2) }, ...others]).times;
    expect(most).toMatchObject({ MatMul_0: ["L", "MatMul_0"] });
  });

  it("joins groups that share an operator, and names the first in the order of the model", () => {
    const { groups, times } = matchOf([
      ...ALL,
      part("late", 9, ["Add_6", "Relu_5"]),
      part("later", 9, ["Relu_5", "Relu_3"]),
    ]);
    expect(groups).toEqual({ Relu_5: "Relu_3", Add_6: "Relu_3" });
    expect(times["Add_6"]).toEqual(["Add_6", "late"]);
  });

  it("leaves operators that nothing names with the one that they read", () => {
    const { groups, unnamed } = matchOf(ALL.filter(({ label }) => label !== "Relu_5"));
    expect({ groups, unnamed }).toEqual({ groups: { Relu_5: "MatMul_4" }, unnamed: 1 });
  });

  it("finds the product that a kernel computes before what it is named after", () => {
    const named = ALL.filter(({ label }) => label !== "MatMul_4").map((each) =>
      each.label === "Relu_5" ? { ...each, mainTypes: ["Gemm", "MatMul"] } : each,
    );
    const { times, groups } = matchOf(named);
    expect(times["MatMul_4"]).toEqual(["Relu_5"]);
    expect(groups).toEqual({ Relu_5: "MatMul_4" });
  });

  it("takes names of tensors where no node has them", () => {
    const parts = ALL.map((each) => (each.label === "Add_6" ? part("y", 100) : each));
    expect(matchOf(parts).times["Add_6"]).toEqual(["y"]);
  });

  it("follows the optimized model where it knows a kernel, and names where it does not", () => {
    const kernelOperators = new Map([["kernel", [4, 5].map(operatorId)]]);
    const parts = [part("kernel", 50, ["MatMul_2"]), ...ALL.slice(0, 4), part("Add_6", 5)];
    const matched = matchParts(lowered, sourceOf(parts), {
      path: "p",
      byOrder: false,
      kernelOperators,
    });
    const found = matched.ok ? matched.value : expect.fail(matched.error[0].message);
    expect(found.partsOf.get(operatorId(4))?.map(({ label }) => label)).toEqual(["kernel"]);
    expect([...found.first]).toEqual([0, 1, 2, 3, 4, 4, 6]);
    expect(found.unnamed).toBe(0);
  });

  it("counts layout changes with their neighbors", () => {
    const { times, coverage } = matchOf([
      { ...part("ReorderInput", 40, ["?"]), neighbor: "next" },
      ...ALL,
      { ...part("ReorderOutput", 40, ["?"]), neighbor: "previous" },
    ]);
    expect(coverage).toBe(1);
    expect(times["MatMul_0"]).toEqual(["ReorderInput", "MatMul_0"]);
    expect(times["Add_6"]).toEqual(["Add_6", "ReorderOutput"]);
  });

  it.each([
    [35, "import-coverage-low"],
    [37, "import-coverage-low"],
    [36.84, "ok"],
  ])("refuses what covers less than 95 %% of the time: %s of 700 more", (stray, code) => {
    const matched = matching([...ALL, part("setup", stray)]);
    const share = 700 / (700 + stray);
    expect(matched.ok).toBe(share >= 0.95);
    expect(matched.ok ? "ok" : matched.error[0].code).toBe(share >= 0.95 ? "ok" : code);
    if (!matched.ok) {
      expect(matched.error[0].message).toContain('"setup"');
    }
  });

  it("refuses products without a time", () => {
    const matched = matching(ALL.filter(({ label }) => label !== "MatMul_2"));
    expect(matched).toMatchObject({ ok: false, error: [{ code: "import-operators-missing" }] });
    expect(matched.ok ? "" : matched.error[0].message).toContain("MatMul_2");
  });
});

describe("matching by order", () => {
  const ordered = (type: string, ns: number, elements = 4096): ImportedPart => ({
    ...part(`aten::${type}`, ns, []),
    order: { types: [type], elements },
  });

  it("keeps the order of both, and passes over what is not alike", () => {
    const parts = [
      ordered("MatMul", 10),
      ordered("Relu", 1),
      ordered("MatMul", 10, 99),
      ordered("MatMul", 10),
      ordered("Relu", 1),
      ordered("MatMul", 10),
      ordered("Relu", 1),
      ordered("Add", 1),
    ];
    expect(alignByOrder(parts, lowered)).toEqual([0, 1, undefined, 2, 3, 4, 5, 6]);
  });

  it("prefers what takes the most time", () => {
    // One of both can be matched: the Relu before the sum, or the products after it in the trace.
    expect(alignByOrder([ordered("Add", 1), ordered("MatMul", 10)], lowered)).toEqual([
      undefined,
      expect.any(Number),
    ]);
    expect(alignByOrder([ordered("Add", 10), ordered("MatMul", 1)], lowered)).toEqual([
      6,
      undefined,
    ]);
  });

  it("gives times to the operators, and refuses what covers too little", () => {
    const all = ["MatMul", "Relu", "MatMul", "Relu", "MatMul", "Relu", "Add"].map((type) =>
      ordered(type, 10),
    );
    expect(Object.keys(matchOf(all, true).times)).toEqual([...IMPORT_OPERATORS]);
    const odd = matching([...all, ordered("Conv", 10)], true);
    expect(odd).toMatchObject({ ok: false, error: [{ code: "import-coverage-low" }] });
  });
});
