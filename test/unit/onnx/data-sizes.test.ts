import { describe, expect, it } from "vitest";
import { emitModel } from "../../../src/kernels/emit.js";
import { type DataSize, parseDataSize, printDataSize } from "../../../src/onnx/data-sizes.js";
import type { LowerOptions } from "../../../src/onnx/lower.js";
import type {
  LoweredModel,
  ShapeOracle,
  SizeObserver,
  TensorType,
} from "../../../src/onnx/lowered-model.js";
import { noteOnDataSizes, noteOnDecided } from "../../../src/onnx/note-on-data-sizes.js";
import { emptyOrNotModel, positiveModel, tileModel } from "../../support/data-models.js";
import { encodeCase, lowerBytes } from "../../support/operator-models.js";
import { value } from "../../support/values.js";

/** An observer that says what it is told, and how often and for what it was asked. */
function saying(types: Readonly<Record<string, TensorType>>) {
  const asked: string[][] = [];
  const observe: SizeObserver = async (_, wanted) => {
    asked.push(wanted.map(({ name }) => name));
    return { ok: true, value: new Map(Object.entries(types)) };
  };
  return { asked, observe };
}

const int64 = (...dims: number[]): TensorType => ({ elementType: "int64", dims });
const float32 = (...dims: number[]): TensorType => ({ elementType: "float32", dims });

/** What a run of `positiveModel` shows that keeps `count` elements. */
const positive = (count: number) =>
  saying({
    places: int64(1, count),
    rows: int64(count, 1),
    chosen: float32(count),
    y: float32(count),
    column: float32(count, 1),
    z: float32(count, 3),
  });

function lower(model: Uint8Array, { dims, ...more }: Partial<LowerOptions>) {
  return lowerBytes(model, dims, more);
}

const typesOf = ({ graph }: LoweredModel): readonly string[] =>
  graph.operators.map(({ type }) => type);

describe("sizes that depend on data, as text", () => {
  it.each<DataSize>([
    { tensor: "sel", elementType: "int64", dims: [7, 3], source: "run" },
    { tensor: "sel", elementType: "int64", dims: [100, 3], source: "bound" },
    { tensor: "scalar", elementType: "float16", dims: [], source: "run" },
    { tensor: "a=at most b=[1]\n<=", elementType: "float8e4m3fn", dims: [0], source: "run" },
    { tensor: "x[1]=2", elementType: "bool", dims: [1], source: "bound" },
  ])("are read as they are printed: $tensor $source", (size) => {
    expect(parseDataSize(printDataSize(size))).toEqual(size);
  });

  it.each(["batch=1", "x[0]=3", "", "=int64[1]", "x=int65[1]", "x=int64[-1]", "x=int64[1,]"])(
    "are nothing else: %s",
    (text) => {
      expect(parseDataSize(text)).toBeUndefined();
    },
  );
});

describe("without a run", () => {
  it.each([
    ["NonZero", "f32[2,3]", {}, [2, 6]],
    ["NonMaxSuppression", "f32[2,9,4] f32[2,3,9] i64=4", {}, [2 * 3 * 4, 3]],
    ["NonMaxSuppression", "f32[2,9,4] f32[2,3,9] i64=100", {}, [2 * 3 * 9, 3]],
    ["NonMaxSuppression", "f32[2,9,4] f32[2,3,9]", {}, [0, 3]],
    ["NonMaxSuppression", "f32[2,9,4] f32[2,3,9] i64[1]", {}, [2 * 3 * 9, 3]],
    ["Unique", "f32[2,3]", {}, [6]],
    ["Unique", "f32[4,5]", { axis: 1 }, [4, 5]],
    ["Compress", "f32[4,5] b[3]", {}, [20]],
    ["Compress", "f32[4,5] b[3]", { axis: -2 }, [4, 5]],
    ["TopK", "f32[3,7] i64[1]", {}, [3, 7]],
    ["Slice", "f32[4,6] i64[1] i64[1] i64=1", {}, [4, 6]],
  ] as const)("%s of %s %o has the most that it can keep", async (type, inputs, ints, dims) => {
    const lowered = value(
      await lowerBytes(
        encodeCase({ type, inputs, outputs: type === "TopK" ? 2 : 1, attributes: ints }),
      ),
    );
    expect(lowered.types.get("y0")?.dims).toEqual(dims);
    expect(lowered.dataSizes[0]).toMatchObject({ tensor: "y0", dims, source: "bound" });
    expect(lowered.openDims.has("y0")).toBe(true);
  });

  it("what has no bound asks for ONNX Runtime or the size", async () => {
    const lowered = await lower(tileModel(), {});
    expect(lowered).toMatchObject({
      error: [
        {
          code: "types-unknown",
          message:
            'type or sizes of 1 tensor cannot be known: "y" (float32[?], made by Tile "Tile y")',
          hint: expect.stringMatching(
            /npm install onnxruntime-node\); else .* --dim "y\[AXIS\]=VALUE"/,
          ),
        },
      ],
    });
  });

  it("says that sizes are bounds, and why", async () => {
    const bounded = value(await lower(positiveModel(), {}));
    expect(noteOnDataSizes(bounded, "a run")).toBe(
      "1 size depends on data: the most that it can be, since nothing was run (places[1]<=6)",
    );
    const observe: SizeObserver = async () => {
      return { ok: false, error: [{ code: "onnxruntime-run-failed", message: "no", exit: 1 }] };
    };
    const failed = value(await lower(positiveModel(), { observe }));
    expect(failed.dataSizes).toEqual(bounded.dataSizes);
    expect(noteOnDataSizes(failed, "a run")).toContain("since the model could not be run: no");
  });

  it.each([
    ["onnxruntime-run-failed", "free memory", "free memory; or give the sizes"],
    ["unsupported-element-type", "cast it", "give the sizes"],
  ] as const)(
    "what has no bound asks for the size where the run fails: %s",
    async (code, hint, begin) => {
      const observe: SizeObserver = async () => {
        return { ok: false, error: [{ code, message: "no", hint, exit: 1 }] };
      };
      expect(await lower(tileModel(), { observe })).toMatchObject({
        error: [
          {
            code,
            message: "no",
            hint: `${begin} that a run would show with --dim "y[AXIS]=VALUE"`,
          },
        ],
      });
    },
  );
});

describe("with a run", () => {
  it("has its sizes, of which those are recorded from which the others follow", async () => {
    const { asked, observe } = positive(4);
    const lowered = value(await lower(positiveModel(), { observe }));
    expect(asked).toEqual([["places", "rows", "chosen", "y", "column", "z"]]);
    expect(lowered.dataSizes).toEqual([{ tensor: "places", ...int64(1, 4), source: "run" }]);
    expect(lowered.types.get("z")).toEqual(float32(4, 3));
    expect(noteOnDataSizes(lowered, "a run")).toBe(
      "1 size depends on data: taken from a run (places[1]=4)",
    );
  });

  it("asks for other inputs where nothing is left", async () => {
    const lowered = value(await lower(positiveModel(), { observe: positive(0).observe }));
    expect(lowered.types.get("z")).toEqual(float32(0, 3));
    expect(noteOnDataSizes(lowered, "a run")).toBe(
      "1 size depends on data: taken from a run (places[1]=0); nothing is found in it: " +
        "give inputs that show more (--input), or sizes (--dim)",
    );
  });

  it("has no code for a GPU, where memory is planned before", async () => {
    const options = { floats: "f32", estimateUnsupported: false, fuse: true } as const;
    const lowered = value(await lower(positiveModel(), { observe: positive(4).observe }));
    const emitted = emitModel(lowered, options);
    expect(emitted).toMatchObject({ error: [{ code: "unsupported-operator" }] });
    expect(emitted.ok ? "" : emitted.error[0].message).toContain(
      "its sizes depend on data, and memory is planned before",
    );
  });

  it("folds nothing that rests on them", async () => {
    const lowered = value(await lower(positiveModel(), { observe: positive(4).observe }));
    expect(typesOf(lowered)).toEqual(expect.arrayContaining(["Shape", "Concat", "Expand"]));
    expect(lowered.constants.has("sizes")).toBe(false);
    expect(lowered.openDims.get("column")).toEqual([undefined, 1]);
    expect(lowered.openDims.get("places")).toEqual([1, undefined]);
    expect(lowered.openDims.has("kept")).toBe(false);
  });

  it("runs nothing where an earlier run is recorded, and comes to the same", async () => {
    const first = value(await lower(positiveModel(), { observe: positive(4).observe }));
    const { asked, observe } = positive(2);
    const { dataSizes } = first;
    const again = value(await lower(positiveModel(), { dataSizes, observe }));
    expect(asked).toEqual([]);
    expect(again.dataSizes).toEqual(dataSizes);
    expect(again.types).toEqual(first.types);
  });

  it("runs nothing where bounds are recorded, and works them out again", async () => {
    const bounded = value(await lower(positiveModel(), {}));
    const { asked, observe } = positive(2);
    const dataSizes = bounded.dataSizes.map((size) => ({ ...size, dims: [1, 5] }));
    const again = value(await lower(positiveModel(), { dataSizes, observe }));
    expect(asked).toEqual([]);
    expect(again.dataSizes).toEqual(bounded.dataSizes);
  });

  it("asks no other inference of shapes where values decide all that is open", async () => {
    const asked: string[][] = [];
    const oracle: ShapeOracle = async (_model, _inputs, wanted) => {
      asked.push([...wanted]);
      return new Map();
    };
    expect(value(await lower(positiveModel(), { oracle })).types.get("z")).toEqual(float32(6, 3));
    expect(asked).toEqual([]);
    await lower(tileModel(), { oracle });
    expect(asked).toEqual([["y"]]);
  });

  it("leaves sizes to the user who gives them", async () => {
    const { asked, observe } = positive(4);
    const dims = new Map([["places[1]", 3]]);
    const lowered = value(await lower(positiveModel(), { dims, observe }));
    expect(asked).toEqual([]);
    expect(lowered.dataSizes).toEqual([]);
    expect(lowered.types.get("z")).toEqual(float32(3, 3));
    expect(lowered.openDims.has("z")).toBe(true);
  });

  it("is not asked for where nothing depends on data", async () => {
    const { asked, observe } = saying({});
    const bytes = encodeCase({ type: "Relu", inputs: "f32[2,3]", outputs: 1 });
    const lowered = value(await lower(bytes, { observe }));
    expect(asked).toEqual([]);
    expect(lowered.openDims.size).toBe(0);
  });
});

describe("an If that asks whether anything is left", () => {
  const shown = (count: number) =>
    saying({
      places: int64(1, count),
      result: float32(count),
      y: float32(count),
      "If result/rows": int64(count, 1),
      "If result/chosen": float32(count),
    });
  const cannotBranch = true;

  it("stays where a run may take either branch", async () => {
    const lowered = value(await lower(emptyOrNotModel(), { observe: shown(4).observe }));
    expect(typesOf(lowered)).toContain("If");
    expect(noteOnDecided(lowered)).toBeUndefined();
  });

  it.each([
    [4, ["Relu", "NonZero", "GatherND", "Neg", "Abs"]],
    [0, ["Relu"]],
  ])("is what runs with %i places for a device that cannot branch", async (count, types) => {
    const { observe } = shown(count);
    const lowered = value(await lower(emptyOrNotModel(), { observe, cannotBranch }));
    expect(typesOf(lowered).filter((type) => type !== "Transpose")).toEqual(types);
    expect(lowered.types.get("y")).toEqual(float32(count));
    expect(noteOnDecided(lowered)).toBe(
      'If "If result" asks for sizes that depend on data: the schedule has what runs at these ' +
        "sizes in place of it; a run of other sizes may need another branch",
    );
    expect(lowered.dataSizes[0]).toEqual({ tensor: "places", ...int64(1, count), source: "run" });
    // From what is recorded the same follows, and nothing is run.
    const { asked, observe: other } = shown(2);
    const { dataSizes } = lowered;
    const again = value(
      await lower(emptyOrNotModel(), { dataSizes, observe: other, cannotBranch }),
    );
    expect(asked).toEqual([]);
    expect(again.graph).toEqual(lowered.graph);
    expect(again.dataSizes).toEqual(dataSizes);
  });

  it("is decided by bounds where nothing was run", async () => {
    const lowered = value(await lower(emptyOrNotModel(), { cannotBranch }));
    expect(lowered.types.get("y")).toEqual(float32(6));
    expect(typesOf(lowered)).not.toContain("If");
  });
});
