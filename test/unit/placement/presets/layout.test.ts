import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Layout,
  layersIn,
  layoutText,
  parseLayout,
} from "../../../../src/placement/presets/layout.js";
import { withEnds } from "../../../../src/placement/presets/stage-layouts.js";

function stagesOf(text: string): readonly string[] | string {
  const layout = parseLayout(text);
  return typeof layout === "string" ? layout : layout.map((stage) => stage.join(""));
}

describe("a layout in Megatron's syntax", () => {
  it.each<[string, readonly string[]]>([
    ["EtL", ["EtL"]],
    ["Et*2|tt|tL", ["Ett", "tt", "tL"]],
    ["E | t, t | (t*2|)*2, L", ["E", "tt", "tt", "tt", "L"]],
    ["E|((t|)*2t*2|)*2m|mL", ["E", "t", "t", "tt", "t", "t", "tt", "m", "mL"]],
  ])("%s", (text, stages) => {
    expect(stagesOf(text)).toEqual(stages);
  });

  it("of DeepSeek-V3 has 61 layers in 32 stages", () => {
    const layout = parseLayout("Et*3|(tt|)*29,m|L") as Layout;
    expect([layout.length, layersIn(layout)]).toEqual([32, 61]);
  });

  it.each<[string, string]>([
    ["", "has no part in stage 0"],
    ["E||tL", "has no part in stage 1"],
    ["Et|xL", 'has "x|L" where'.replace("x|L", "xL")],
    ["E(t|L", "a parenthesis that is not closed"],
    ["Et)|L", 'has ")|L" where'],
    ["Et*|L", 'has "*|L" where'],
    ["tE|L", "must have E once at the start"],
    ["Et|t", "must have E once at the start"],
    ["Et|mtL", "must have E once at the start"],
    ["E(t*1000|)*1000L", "more than 100000 parts"],
    ["Et*999999999L", "more than 100000 parts"],
    ["((((((((t*9)*9)*9)*9)*9)*9)*9)*9)*9", "more than 100000 parts"],
  ])("is refused: %s", (text, problem) => {
    expect(stagesOf(text)).toContain(problem);
  });

  it("is read back from its own text", () => {
    const counts = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(counts, fc.array(fc.nat(2), { maxLength: 3 }), (layers, last) => {
        const predictions = layers.map((_, stage) => last[layers.length - 1 - stage] ?? 0);
        // Behind layers of multi-token prediction there are no others.
        const first = predictions.findIndex((each) => each > 0);
        const own = layers.map((each, stage) => (first >= 0 && stage > first ? 0 : each));
        const layout = withEnds(own, predictions);
        if (layout.every((stage) => stage.length > 0)) {
          expect(parseLayout(layoutText(layout))).toEqual(layout);
        }
      }),
    );
  });
});
