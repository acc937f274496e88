import { describe, expect, it } from "vitest";
import { verifyStagePartition } from "../../../src/partition/stage-partition.js";
import { assignOperators } from "../../../src/staging/assign-operators.js";
import { chain } from "../../support/graphs.js";
import { value } from "../../support/values.js";

const GRAPH = chain(6);
const NAMES = GRAPH.operators.map(({ name }) => name);

function block(id: string, ...operators: readonly string[]) {
  return { id, devices: [0], operators, efficiency: undefined };
}

const failure = (...blocks: ReturnType<typeof block>[]): string[] => {
  const assigned = assignOperators(GRAPH, blocks, "p.json");
  return assigned.ok ? [] : assigned.error.map(({ code }) => code);
};

describe("assignOperators", () => {
  it("puts stages in the direction of the data, whatever the order of the blocks", () => {
    const blocks = [block("end", "*"), block("begin", ...NAMES.slice(0, 2))];
    const { partition, blockOf } = value(assignOperators(GRAPH, blocks, "p.json"));
    expect([...partition.stageOf]).toEqual([0, 0, 1, 1, 1, 1]);
    expect(blockOf).toEqual([1, 0]);
    expect(verifyStagePartition(GRAPH, partition)).toEqual([]);
  });

  it("refuses what does not cover the model once", () => {
    expect(failure(block("a", "nothing"), block("b", "*"))).toEqual(["placement-operator-unknown"]);
    expect(failure(block("a", NAMES[0] ?? ""))).toEqual(["operators-not-placed"]);
    expect(failure(block("a", "*"), block("b", "?*"))[0]).toBe("operator-placed-twice");
    expect(failure(block("a", ...NAMES), block("b", NAMES[0] ?? ""))).toEqual([
      "operator-placed-twice",
    ]);
    expect(failure(block("a", ...NAMES), block("b", "*"))).toEqual(["block-without-operators"]);
  });

  it("names the cycle of blocks that wait for each other", () => {
    const [first = "", ...rest] = NAMES;
    const last = rest.pop() ?? "";
    const assigned = assignOperators(
      GRAPH,
      [block("a", first, last), block("b", ...rest)],
      "p.json",
    );
    expect(assigned).toMatchObject({ ok: false, error: [{ code: "stage-graph-cyclic" }] });
    expect(assigned.ok ? "" : assigned.error[0].message).toContain(`"${last}"`);
  });

  it("says what was likely meant", () => {
    const upper = (NAMES[0] ?? "").toUpperCase();
    const assigned = assignOperators(GRAPH, [block("a", upper), block("b", "*")], "p.json");
    expect(assigned.ok ? "" : assigned.error[0].hint).toContain(`"${NAMES[0]}"`);
  });
});
