import { describe, expect, it } from "vitest";
import type { Effort } from "../../src/schedule/pipeline-efforts.js";
import { verifyPipelineSchedule } from "../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../src/search/pipeline/algorithms.js";
import { sharesOf } from "../../src/search/pipeline/effort.js";
import { rateOf } from "../support/default-search.js";
import { randomCases } from "../support/random-cases.js";

describe("efforts", () => {
  it("more of it is never worse, and each keeps to its work", () => {
    for (const { name, placement } of randomCases(6)) {
      const search = (effort: Effort) => {
        const found = searchPipeline("top-compile", placement, 6, { effort });
        const most = sharesOf(effort, placement).period;
        // A search looks at its limit after each block that it places.
        expect(found.ok ? found.value.nodes : 0, name).toBeLessThanOrEqual(most + 100);
        return found.ok ? found.value : undefined;
      };
      const [quick, usual] = [search("quick"), search("default")];
      expect(rateOf(usual), name).toBeLessThanOrEqual(rateOf(quick));
      for (const each of [quick, usual]) {
        expect(each === undefined ? [] : verifyPipelineSchedule(placement, each.whole)).toEqual([]);
      }
    }
  });
});
