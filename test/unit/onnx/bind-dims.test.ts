import { describe, expect, it } from "vitest";
import { bindDims } from "../../../src/onnx/bind-dims.js";
import type { OnnxModel, ValueInfo } from "../../../src/onnx/model.js";

function modelOf(...inputs: readonly ValueInfo[]): OnnxModel {
  return {
    path: "m.onnx",
    fileBytes: 0,
    irVersion: 8,
    opsets: new Map([["", 17]]),
    producer: "",
    graph: { name: "g", nodes: [], inputs, outputs: [], valueInfo: [], initializers: [] },
    functions: [],
    extra: new Uint8Array(),
  };
}

function input(
  name: string,
  dims: ValueInfo["dims"],
  elementType: "float32" | "int64" = "float32",
): ValueInfo {
  return { name, elementType, dims };
}

function sizesOf(model: OnnxModel, options: Record<string, number> = {}): string {
  const bound = bindDims(model, new Map(Object.entries(options)));
  return bound.ok
    ? [...bound.value.inputs.values()].map((fact) => `[${fact.dims}]`).join(" ")
    : bound.error.map((failure) => failure.code).join(" ");
}

describe("bindDims", () => {
  it.each([
    ["named by meaning", [input("ids", ["batch", "sequence"], "int64")], "[1,128]"],
    [
      "an image, channels first",
      [input("x", [undefined, 3, undefined, undefined])],
      "[1,3,224,224]",
    ],
    [
      "an image, channels last",
      [input("x", [undefined, undefined, undefined, 3])],
      "[1,224,224,3]",
    ],
    ["an image with names that say nothing", [input("x", ["d0", 3, "d1", "d2"])], "[1,3,224,224]"],
    ["a signal", [input("x", ["batch", "sequence"])], "[1,512]"],
    ["a state between fixed sizes", [input("s", [2, undefined, 128])], "[2,1,128]"],
    ["a sequence of features", [input("x", [undefined, undefined, 64])], "[1,128,64]"],
    [
      "a sum of names",
      [
        input("m", ["batch", "past_length + sequence"], "int64"),
        input("p", ["batch", 12, "past_length", 64]),
      ],
      "[1,256] [1,12,128,64]",
    ],
    ["nothing dynamic", [input("x", [1, 2])], "[1,2]"],
  ] as const)("has a default for %s", (_, inputs, expected) => {
    expect(sizesOf(modelOf(...inputs))).toBe(expected);
  });

  it("binds by name everywhere and by place", () => {
    const model = modelOf(input("a", ["N", 3]), input("b", [undefined, "N"]));
    expect(sizesOf(model, { N: 8, "b[0]": 5 })).toBe("[8,3] [5,8]");
    expect(sizesOf(model, { "a[0]": 8 })).toBe("[8,3] [1,8]");
  });

  it("derives sums from given parts", () => {
    expect(sizesOf(modelOf(input("m", ["past + seq", "past"])), { past: 10, seq: 1 })).toBe(
      "[11,10]",
    );
  });

  it("takes the rank of an input of unknown rank from its places", () => {
    expect(sizesOf(modelOf(input("x", undefined)), { "x[0]": 2, "x[1]": 3 })).toBe("[2,3]");
  });

  it.each([
    ["an unknown name", { M: 1 }, "dim-unknown"],
    ["an axis that is not there", { "a[7]": 1 }, "dim-unknown"],
    ["a fixed dim", { "a[1]": 4 }, "dim-conflict"],
    ["two sizes for one dim", { N: 2, "a[0]": 3 }, "dim-conflict"],
    ["a negative size", { N: -1 }, "dim-invalid"],
    ["a fraction", { N: 1.5 }, "dim-invalid"],
    ["every problem at once", { M: 1, "a[1]": 4 }, "dim-unknown dim-conflict"],
  ])("refuses %s", (_, options, codes) => {
    expect(sizesOf(modelOf(input("a", ["N", 3])), options)).toBe(codes);
  });

  it("lists the known names", () => {
    const bound = bindDims(modelOf(input("a", ["N", undefined])), new Map([["M", 1]]));
    expect(bound.ok ? "" : bound.error[0].message).toContain('"N", "a[1]"');
  });

  it("reports defaults and options", () => {
    const bound = bindDims(modelOf(input("a", ["N", "seq"], "int64")), new Map([["N", 4]]));
    expect(bound.ok && bound.value.boundDims).toEqual([
      { name: "N", size: 4, source: "option" },
      { name: "seq", size: 128, source: "default" },
    ]);
  });
});

describe("assumed sizes", () => {
  const model = modelOf(
    input("m", ["batch", "past_length + sequence"], "int64"),
    input("p", ["batch", 12, "past_length", undefined]),
  );

  it("take the place of defaults, sums follow, and options win", () => {
    const assumed = new Map([
      ["past_length", 16],
      ["p[3]", 5],
      ["batch", 9],
    ]);
    const bound = bindDims(model, new Map([["batch", 2]]), assumed);
    expect(bound.ok && bound.value.boundDims).toEqual([
      { name: "batch", size: 2, source: "option" },
      { name: "past_length + sequence", size: 144, source: "default" },
      { name: "past_length", size: 16, source: "tried" },
      { name: "p[3]", size: 5, source: "tried" },
    ]);
  });

  it("that are the defaults change nothing", () => {
    const bound = bindDims(model, new Map(), new Map([["past_length", 128]]));
    const plain = bindDims(model, new Map());
    expect(bound.ok && bound.value.boundDims).toEqual(plain.ok && plain.value.boundDims);
  });
});
