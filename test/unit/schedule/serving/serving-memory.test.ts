import { describe, expect, it } from "vitest";
import { checkServingMemory } from "../../../../src/launcher/check-memory.js";
import { leastServingBytes, policyBytes } from "../../../../src/schedule/serving/serving-memory.js";
import { policyOf, problemOf, runOf } from "../../../support/serving.js";

const model = (residentBytes: number, ...workspace: readonly number[]) => ({
  name: "m",
  residentBytes,
  variants: [
    {
      name: "v",
      runs: workspace.map((workspaceBytes, at) => ({
        ...runOf(2 ** at, { ns: 1 }),
        workspaceBytes,
      })),
    },
  ],
});

const problem = problemOf([model(1000, 10, 15, 30), model(500, 40, 20)]);

describe("memory of serving", () => {
  it("is at least all weights and one task", () => {
    expect(leastServingBytes(problem)).toBe(1520);
  });

  it("of a policy is all tasks that it lets be in flight, with the largest run that each may have", () => {
    const policy = policyOf([
      { concurrency: 3, batch: 3 },
      { concurrency: 2, batch: 2 },
    ]);
    // Batches of 3 run as 4; of the second model the run of 1 takes more than that of 2.
    expect(policyBytes(problem, policy)).toBe(1500 + 3 * 30 + 2 * 40);
    expect(policyBytes(problem, { ...policy, inFlight: 3 })).toBe(1500 + 2 * 40 + 30);
    expect(policyBytes(problem, policyOf([{}, {}], 1))).toBe(1540);
  });

  it("that no policy keeps within is refused", () => {
    const on = (memoryBytes: number) =>
      checkServingMemory(
        { ...problem, device: { ...problem.device, memoryBytes } as typeof problem.device },
        "h200",
      );
    expect(on(1520)).toMatchObject({ ok: true });
    expect(on(1519)).toMatchObject({
      error: [
        {
          code: "models-exceed-memory",
          message:
            "m0, m1 need 1.48 KiB together, with one task in flight; the device has 1.48 KiB",
        },
      ],
    });
  });
});
