import { describe, expect, it } from "vitest";
import {
  buildPreset,
  layoutOfPreset,
  type PresetOptions,
} from "../../../../src/placement/presets/build-preset.js";
import { layoutText } from "../../../../src/placement/presets/layout.js";

function laid(preset: string, options: PresetOptions): string {
  const layout = layoutOfPreset(preset, options);
  return layout.ok ? layoutText(layout.value) : layout.error[0].message;
}

describe("the layout of a framework", () => {
  it.each<[string, string, PresetOptions, string]>([
    [
      "as many layers in each stage",
      "megatron",
      { devices: 2, chunks: 2, layers: 8 },
      "Et*2|(t*2|)*2t*2L",
    ],
    [
      "layers that ranks do not divide",
      "megatron",
      { devices: 16, layers: 61 },
      "the number of layers (61) must be a multiple of the pipeline's size (16)",
    ],
    [
      "layers that virtual stages do not divide",
      "megatron",
      { devices: 8, chunks: 3, layers: 80 },
      "the layers of a rank (10) must be a multiple of its virtual stages (3)",
    ],
    // 29 with embedding and head: 8 + 7 + 7 + 7.
    ["ends that count", "torchtitan", { devices: 4, layers: 27 }, "Et*7|(t*7|)*2t*6L"],
    // 34 on 8: 5 + 5 + 6 * 4.
    [
      "the rest at the front",
      "torchtitan",
      { devices: 4, chunks: 2, layers: 32 },
      "Et*4|t*5|(t*4|)*5t*3L",
    ],
    ["one stage", "torchtitan", { devices: 1, layers: 3 }, "Et*3L"],
    [
      "too many stages",
      "torchtitan",
      { devices: 8, layers: 4 },
      "the number of stages (8) cannot be greater than the layers with embedding and head (6)",
    ],
    // 26 items: 7 + 7 + 6 + 6.
    ["items alike", "deepspeed", { devices: 4, layers: 24 }, "Et*6|t*7|t*6|t*5L"],
    ["virtual stages", "deepspeed", { devices: 4, chunks: 2, layers: 24 }, "a rank has one stage"],
    [
      "a layout with other layers",
      "megatron",
      { devices: 2, layers: 3, layout: "Et|tL" },
      "has 2 layers, not 3",
    ],
    [
      "a layout with other stages",
      "megatron",
      { devices: 2, layout: "Et|t|tL" },
      "has 3 stages, which is no multiple of the 2 ranks",
    ],
    [
      "a layout with other chunks",
      "megatron",
      { devices: 2, chunks: 2, layout: "Et|tL" },
      "has 2 stages, not 2 times 2",
    ],
    ["no layers", "megatron", { devices: 2 }, "needs --layers N, or --layout"],
    ["an unknown framework", "other", { devices: 2, layers: 2 }, "is not a known preset"],
  ])("%s", (_, preset, options, wanted) => {
    expect(laid(preset, options)).toBe(wanted);
  });
});

describe("the placement of a preset", () => {
  it("has the sums of what its parts take, around the ranks", () => {
    const built = buildPreset(
      "megatron",
      {
        devices: 2,
        layout: "Ett|t|t|mL",
        forward: 100,
        backward: 200,
        embedding: 5,
        head: 33,
        mtp: 150,
        latency: 7,
        layerMemory: 10,
      },
      60,
    );
    const { blocks, dependencies, devices } = built.ok ? built.value.placement : undefined!;
    expect(devices).toEqual([
      { name: "d0", memory: 60 },
      { name: "d1", memory: 60 },
    ]);
    expect(
      blocks.map(({ id, devices: on, duration, memory }) => [id, on[0], duration, memory]),
    ).toEqual([
      ["f0", 0, 205, 20],
      ["f1", 1, 100, 10],
      ["f2", 0, 100, 10],
      ["f3", 1, 183, 10],
      ["b0", 1, 366, -10],
      ["b1", 0, 200, -10],
      ["b2", 1, 200, -10],
      ["b3", 0, 410, -20],
    ]);
    expect(dependencies.map(({ from, to, latency }) => `${from}>${to} ${latency}`)).toEqual([
      "0>1 7",
      "1>2 7",
      "2>3 7",
      "3>4 0",
      "4>5 7",
      "5>6 7",
      "6>7 7",
    ]);
  });

  it("splits weight gradients off where they have a time", () => {
    const built = buildPreset("megatron", { devices: 2, layers: 2, weight: 3, forward: 2 });
    const { blocks } = built.ok ? built.value.placement : undefined!;
    expect(blocks.map(({ kind, duration }) => [kind, duration])).toEqual([
      ["forward", 2],
      ["forward", 2],
      ["backward", 2],
      ["backward", 2],
      ["weight", 3],
      ["weight", 3],
    ]);
  });

  it.each<[string, PresetOptions, number | undefined, string]>([
    [
      "a stage of a head without a time",
      { devices: 2, layout: "Et|L" },
      undefined,
      "stage 1 (L) takes no time",
    ],
    [
      "too many stages",
      { devices: 2, layout: "Et|(t|)*1400tL" },
      undefined,
      "gives 1402 stages, too many",
    ],
    ["too little memory", { devices: 2, layers: 4 }, 1, 'block "f0" needs 2 of memory'],
  ])("is refused: %s", (_, options, memory, words) => {
    const built = buildPreset("megatron", options, memory);
    expect(built.ok ? "" : built.error[0].message).toContain(words);
  });

  it("name the option that gave the layout", () => {
    const wrong = layoutOfPreset("megatron", { devices: 2, layout: "t|t" }, "--against");
    expect(wrong.ok ? undefined : wrong.error[0].where).toBe("--preset megatron --against t|t");
  });
});
