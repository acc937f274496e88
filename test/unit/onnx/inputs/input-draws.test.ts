import { describe, expect, it } from "vitest";
import { writeWholeModel } from "../../../../src/onnx/extract-submodel.js";
import { modelInputs } from "../../../../src/profile/worker-plan-of.js";
import {
  bindSession,
  createSession,
  loadOnnxRuntime,
} from "../../../../src/runtime/onnx-runtime.js";
import { randomFeeds } from "../../../../src/runtime/random-feeds.js";
import { lowerBytes } from "../../../support/operator-models.js";
import { type TextModel, textModel } from "../../../support/text-model.js";
import { value } from "../../../support/values.js";

const between = (low: number, high: number) => ({ kind: "between", low, high });
const all = (number: number) => ({ kind: "all", value: number });

async function specsOf(model: TextModel, dims: Readonly<Record<string, number>> = {}) {
  const lowered = value(await lowerBytes(textModel(model), new Map(Object.entries(dims))));
  return { lowered, specs: modelInputs(lowered) };
}

/** What is drawn, by input. */
async function drawsOf(model: TextModel, dims: Readonly<Record<string, number>> = {}) {
  const { specs } = await specsOf(model, dims);
  return Object.fromEntries(specs.map(({ name, draw }) => [name, draw]));
}

/** A table of 5 rows read at what is made of the ids. */
function read(...steps: readonly string[]): TextModel {
  const indices = steps.length === 0 ? "ids" : "i";
  return {
    inputs: "ids:i64[1,4]",
    weights: "table:f32[5,3] one:i64[]=1 two:i64[]=2 eight:i64[]=8 axes:i64[1]=0 end:i64[1]=2",
    nodes: [...steps, `y = Gather(table, ${indices})`],
    outputs: "y:f32",
  };
}

describe("an index is below the size that it points into", () => {
  it.each<[string, TextModel, object]>([
    ["at once", read(), between(0, 4)],
    ["behind a Cast", read("i = Cast(ids) to=6"), between(0, 4)],
    ["with another shape", read("u = Unsqueeze(ids, axes)", "i = Squeeze(u, axes)"), between(0, 4)],
    ["in another order", read("i = Transpose(ids)"), between(0, 4)],
    ["in part", read("i = Slice(ids, axes, end)"), between(0, 4)],
    ["shifted up", read("i = Add(ids, two)"), between(0, 2)],
    ["shifted up by what comes first", read("i = Add(two, ids)"), between(0, 2)],
    ["shifted down", read("i = Sub(ids, one)"), between(1, 5)],
    ["turned round", read("i = Sub(eight, ids)"), between(4, 8)],
    ["doubled", read("i = Mul(ids, two)"), between(0, 2)],
    ["halved", read("i = Div(ids, two)"), between(0, 8)],
    ["clipped further", read("i = Clip(ids, one, two)"), between(1, 2)],
    ["as a part of a longer list", read("i = Concat(ids, ids) axis=1"), between(0, 4)],
    ["twice as a summand", read("i = Add(ids, ids)"), between(0, 2)],
    ["chosen by a condition", read("c = Less(one, two)", "i = Where(c, ids, ids)"), between(0, 4)],
  ])("%s", async (_how, model, draw) => {
    expect(await drawsOf(model)).toEqual({ ids: draw });
  });

  it("has the least of several bounds", async () => {
    const model: TextModel = {
      inputs: "ids:i64[4]",
      weights: "a:f32[7,2] b:f32[3,2] c:f32[9,2]",
      nodes: ["x = Gather(a, ids)", "z = Gather(b, ids)", "y = Add(x, z)"],
      outputs: "y:f32",
    };
    expect(await drawsOf(model)).toEqual({ ids: between(0, 2) });
  });

  it.each<[string, string, object]>([
    ["Gather of an axis", "y = Gather(table, ids) axis=-1", between(0, 2)],
    ["GatherElements", "y = GatherElements(table, ids) axis=1", between(0, 2)],
    ["GatherND", "y = GatherND(table, ids)", between(0, 2)],
    ["ScatterElements", "y = ScatterElements(table, ids, news) axis=0", between(0, 4)],
    ["OneHot", "y = OneHot(ids, depth, pair)", between(0, 5)],
  ])("%s", async (_type, node, draw) => {
    const model: TextModel = {
      inputs: "ids:i64[5,2]",
      weights: "table:f32[5,3] news:f32[5,2] depth:i64[]=6 pair:f32[2]=0,1",
      nodes: [node],
      outputs: "y:f32",
    };
    expect(await drawsOf(model)).toEqual({ ids: draw });
  });

  it("is found in branches and in bodies of loops, on both sides of their border", async () => {
    const model: TextModel = {
      inputs: "ids:i64[2] more:i64[2] rest:i64[2] late:i64[2] go:b[1]",
      weights: "table:f32[5,2] trips:i64[]=3 yes:b[]=1 wide:f32[11,2]",
      nodes: [
        "a, k = If(go) then_branch=left else_branch=right",
        "g = Gather(table, k)",
        "l, w = Loop(trips, yes, more) body=round",
        "s = Sum(a, g, w)",
        "r = Gather(wide, l)",
        "y = Add(s, r)",
      ],
      outputs: "y:f32",
      bodies: {
        left: {
          nodes: ["a1 = Gather(table, ids)", "k1 = Identity(rest)"],
          outputs: "a1:f32[2,2] k1:i64[2]",
        },
        right: {
          weights: "own:f32[3,2]",
          nodes: ["a2 = Gather(own, rest)", "k2 = Identity(rest)"],
          outputs: "a2:f32[2,2] k2:i64[2]",
        },
        round: {
          inputs: "n:i64[] c:b[] carried:i64[2]",
          weights: "small:f32[4,2]",
          nodes: ["c2 = Identity(c)", "next = Identity(late)", "w1 = Gather(small, carried)"],
          outputs: "c2:b[] next:i64[2] w1:f32[2,2]",
        },
      },
    };
    expect(await drawsOf(model)).toMatchObject({
      ids: between(0, 4),
      rest: between(0, 2),
      more: between(0, 3),
      late: between(0, 10),
    });
  });

  it("leaves inputs alone that index nothing", async () => {
    const model: TextModel = {
      inputs: "a:i64[4] b:i64[4]",
      weights: "table:f32[5,3]",
      nodes: ["c = Mul(a, b)", "y = Gather(table, c)"],
      outputs: "y:f32",
    };
    expect(await drawsOf(model)).toEqual({ a: undefined, b: undefined });
  });
});

describe("masks, lengths and settings", () => {
  it("draw by use what the use needs, whatever their names are", async () => {
    const model: TextModel = {
      inputs: "x:f32[3,2,4] p:i32[2] d:i64[3,2,4] e:i64[3,2,4] q:i64[2] m:i64[2,3]",
      weights:
        "w:f32[1,4,4] r:f32[1,4,1] b:f32[1,8] one:f32[]=1 steps:i64[1,3]=0,1,2 axes:i64[1]=1",
      nodes: [
        "a, h, c = LSTM(x, w, r, b, p) hidden_size=1",
        "f = Div(d, e)",
        "u = Unsqueeze(q, axes)",
        "l = Less(steps, u)",
        "n = Cast(m) to=1",
        "o = Sub(one, n)",
      ],
      outputs: "a:f32 f:i64 l:b o:f32",
    };
    expect(await drawsOf(model)).toEqual({
      x: undefined,
      p: all(3),
      d: undefined,
      e: between(1, 2),
      q: all(3),
      m: all(1),
    });
  });

  it("draw by name what a use leaves open, within its bounds", async () => {
    const model: TextModel = {
      inputs:
        "input_ids:i64[1,T] position_ids:i64[1,T] token_type_ids:i64[1,T] attention_mask:i64[1,S] lengths:i64[1] scales:f32[3] mask:f32[1,T]",
      weights: "words:f32[50,2] places:f32[9,2] kinds:f32[1,2]",
      nodes: [
        "a = Gather(words, input_ids)",
        "b = Gather(places, position_ids)",
        "c = Gather(kinds, token_type_ids)",
        "y = Sum(a, b, c)",
        "m = Cast(attention_mask) to=1",
        "l = Identity(lengths)",
        "s = Identity(scales)",
        "k = Identity(mask)",
      ],
      outputs: "y:f32 m:f32 l:i64 s:f32 k:f32",
    };
    expect(await drawsOf(model, { T: 4, S: 10 })).toEqual({
      input_ids: between(0, 49),
      position_ids: { kind: "increasing", from: 6, high: 8 },
      token_type_ids: all(0),
      attention_mask: all(1),
      lengths: all(4),
      scales: all(1),
      mask: all(1),
    });
  });
});

/** Models that fail where their inputs are drawn by type alone: 0 or 1, and 1 where there is one. */
const FRAGILE: readonly (readonly [string, TextModel])[] = [
  [
    "a table of one row",
    {
      inputs: "ids:i64[1,6]",
      weights: "t:f32[1,2]",
      nodes: ["y = Gather(t, ids)"],
      outputs: "y:f32",
    },
  ],
  [
    "division of integers",
    { inputs: "a:i64[8] b:i64[8]", nodes: ["y = Div(a, b)"], outputs: "y:i64" },
  ],
  [
    "thresholds of boxes",
    {
      inputs: "boxes:f32[1,4,4] scores:f32[1,1,4] n:i64[1] overlap:f32[1] least:f32[1]",
      nodes: ["y = NonMaxSuppression(boxes, scores, n, overlap, least)"],
      outputs: "y:i64[4,3]",
    },
  ],
  [
    "an axis of a sum",
    { inputs: "x:f32[5] axis:i64[1]", nodes: ["y = CumSum(x, axis)"], outputs: "y:f32" },
  ],
];

describe("drawn inputs", () => {
  it.each(FRAGILE)("run a model with %s", async (_what, model) => {
    const runtime = value(await loadOnnxRuntime());
    const { lowered, specs } = await specsOf(model, {});
    const bytes = value(writeWholeModel(lowered));
    const session = value(await createSession(runtime, bytes, {}, "model"));
    for (let seed = 1; seed <= 8; seed++) {
      const bound = bindSession(runtime, session, value(randomFeeds(specs, seed)), "model");
      expect((await bound.run()).ok).toBe(true);
    }
    await session.release();
  });
});
