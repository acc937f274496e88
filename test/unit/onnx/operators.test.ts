import { describe, expect, it } from "vitest";
import { OPERATOR_CASES } from "../../support/operator-cases.js";
import { longType, lowerCase } from "../../support/operator-models.js";

describe("operators", () => {
  it.each(OPERATOR_CASES.map((each) => [`${each.type} (${each.opset}) of ${each.inputs}`, each]))(
    "knows types and FLOPs of %s",
    async (_, each) => {
      const lowered = await lowerCase(each);
      const types = each.types.split(" ").map((_type, i) => lowered.types.get(`y${i}`));
      expect(types.map((type) => `${type?.elementType}[${type?.dims}]`)).toEqual(
        each.types.split(" ").map(longType),
      );
      const [operator] = lowered.graph.operators;
      expect(operator?.work.flops).toBe(each.flops);
      expect(lowered.unknownOperators).toEqual([]);
    },
  );
});
