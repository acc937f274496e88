import { describe, expect, it } from "vitest";
import type { ImportedSource } from "../../../../src/profile/import/imported-part.js";
import { readSources } from "../../../../src/profile/import/read-sources.js";
import {
  nsysTables,
  pytorchTrace,
  runtimeProfile,
  trtexecLayers,
  trtexecProfile,
} from "../../../support/import-files.js";

/** The times of a source's parts: medians in nanoseconds by label. */
function mediansOf({ parts }: ImportedSource): Record<string, number> {
  return Object.fromEntries(parts.map(({ label, timing }) => [label, timing.medianNs]));
}

function readingOf(
  texts: readonly string[],
  byOrder = false,
  isNode = (name: string) => name !== "",
) {
  const files = texts.map((text, at) => ({ path: `file-${at}`, text }));
  return readSources(files, { isNode, byOrder });
}

function sourceOf(texts: readonly string[], byOrder = false, isNode?: (name: string) => boolean) {
  const read = readingOf(texts, byOrder, isNode);
  return read.ok ? read.value : expect.fail(JSON.stringify(read.error[0]));
}

function codeOf(texts: readonly string[], byOrder = false): string {
  const read = readingOf(texts, byOrder);
  return read.ok ? "read" : read.error.map(({ code }) => code).join();
}

const DIMS = [[64, 64]];

describe("trtexec", () => {
  it("takes medians, and averages where there are none", () => {
    expect(mediansOf(sourceOf([trtexecProfile([["a", 10.5]])]))).toEqual({ a: 10_500 });
    expect(mediansOf(sourceOf([trtexecProfile([["a", 7]], "averageMs")]))).toEqual({ a: 7000 });
  });

  it("says that gaps are in it, and how often was measured", () => {
    const source = sourceOf([trtexecProfile([["a", 3]])]);
    expect(source).toMatchObject({ kind: "gpu", includesGaps: true, hasQuantiles: false });
    expect(source.parts[0]?.timing.samples).toBe(1000);
  });

  it.each(["\u001f", "\u001e"])(
    "takes the nodes of the layer information, in any order of files",
    (by) => {
      const files = [trtexecProfile([["L1", 3]]), trtexecLayers([["L1", ["a", "b]c"]]], by)];
      for (const texts of [files, [...files].reverse()]) {
        expect(sourceOf(texts).parts[0]?.readings).toEqual([["a", "b]c"]]);
      }
    },
  );

  it("refuses layers that do not say what they are of, and takes them with layer information", () => {
    for (const layer of ["{ForeignNode[a...z]}", "__myl_Fc_myl0_1"]) {
      const profile = trtexecProfile([[layer, 3]]);
      expect(codeOf([profile])).toBe("import-layers-opaque");
      expect(codeOf([profile, trtexecLayers([[layer, ["a"]]])])).toBe("read");
    }
  });
});

describe("ONNX Runtime", () => {
  const nodes = [
    { name: "a", type: "MatMul", us: 100 },
    { name: "b", type: "Relu", us: 10 },
  ];

  it("leaves the first run out, and takes medians of the others", () => {
    const source = sourceOf([runtimeProfile(nodes, [50, 1, 2, 3])]);
    expect(mediansOf(source)).toEqual({ a: 200_000, b: 20_000 });
    expect(source).toMatchObject({ kind: "cpu", threads: 1, totalNs: 660_000, notes: [] });
  });

  it("counts the threads inside operators, and says so", () => {
    const source = sourceOf([runtimeProfile(nodes, [1, 1], { threads: 4 })]);
    expect(source.threads).toBe(4);
    expect(source.notes.join()).toContain("intra_op_num_threads");
  });

  it("does not count what a body runs beside the node that it is in", () => {
    const [loading, ...rest] = JSON.parse(runtimeProfile(nodes, [1])) as object[];
    const inner = { cat: "Node", pid: 1, tid: 1, ts: 1010, dur: 40, ph: "X" };
    const text = JSON.stringify([loading, { ...inner, name: "in_kernel_time", args: {} }, ...rest]);
    expect(mediansOf(sourceOf([text]))).toEqual({ a: 100_000, b: 10_000 });
  });

  it("refuses launch times of a GPU", () => {
    const text = runtimeProfile(nodes, [1, 1], { provider: "CUDAExecutionProvider" });
    const read = readingOf([text]);
    expect(read).toMatchObject({
      ok: false,
      error: [{ code: "import-launch-times-only", exit: 1 }],
    });
    expect(read.ok ? "" : read.error[0].hint).toContain("--enable_cuda_profiling");
  });

  it("takes the kernels of a GPU, each of the node before it", () => {
    const kernels = nodes.map((node, at) => ({ ...node, kernels: at === 0 ? [7, 3] : [2] }));
    const text = runtimeProfile(kernels, [9, 1, 1], { provider: "CUDAExecutionProvider" });
    const source = sourceOf([text]);
    expect(source.kind).toBe("gpu");
    expect(mediansOf(source)).toEqual({ a: 10_000, b: 2000 });
    expect(source.parts[0]?.launches.map(({ timing }) => timing.medianNs)).toEqual([7000, 3000]);
    expect(source.parts[0]?.launches[0]?.kernel).toEqual({
      name: "k_MatMul",
      grid: [8, 2, 1],
      threadBlock: [256, 1, 1],
    });
  });
});

describe("Nsight Systems", () => {
  const { kernels, ranges } = nsysTables([
    { range: "TensorRT:a + b", ns: 100 },
    { range: "c", ns: 40 },
    { range: "TensorRT:a + b", ns: 120 },
    { range: "setup", ns: 5 },
  ]);
  const isNode = (name: string): boolean => ["a", "b", "c"].includes(name);

  it("gives kernels to the range that holds them, a run a range", () => {
    const source = sourceOf([kernels, ranges], false, isNode);
    expect(mediansOf(source)).toMatchObject({ "TensorRT:a + b": 110, c: 40 });
    expect(source.totalNs).toBe(265);
    expect(source.parts.find(({ readings }) => readings.length === 0)?.wholeNs).toBe(5);
    expect(source.parts[0]?.launches[0]?.kernel).toEqual({
      name: "void k<int, 2>(float)",
      grid: [16, 4, 1],
      threadBlock: [128, 1, 1],
      registersPerThread: 40,
      sharedBytesPerBlock: 17_000,
    });
  });

  it("takes both tables from one file", () => {
    const source = sourceOf([`${kernels}\n${ranges}`], false, isNode);
    expect(mediansOf(source)).toMatchObject({ "TensorRT:a + b": 110, c: 40 });
  });

  it("takes the innermost range that names a node", () => {
    const at = ranges.indexOf("\n") + 1;
    const outer = `c,0,100000,0,100000,PushPop,1,1,1,0,0,77,,:77\n`;
    const nested = `${ranges.slice(0, at)}${outer}${ranges.slice(at)}`;
    const source = sourceOf([kernels, nested], false, isNode);
    expect(source.parts.map(({ label, wholeNs }) => [label, wholeNs])).toEqual([
      ["c", 45],
      ["TensorRT:a + b", 220],
    ]);
  });

  it("reads other units as the header says", () => {
    const inMs = kernels
      .replace("Start (ns),Duration (ns)", "Start (us),Duration (us)")
      .replaceAll(/^(\d+),(\d+)/gm, (_, start, length) => `${start / 1000},${length / 1000}`);
    expect(mediansOf(sourceOf([inMs, ranges], false, isNode))).toMatchObject({ c: 40 });
  });

  it("needs both tables", () => {
    expect(codeOf([kernels])).toBe("import-files-conflict");
    expect(codeOf([ranges])).toBe("import-files-conflict");
  });

  it("notes kernels that ran side by side", () => {
    const twice = kernels.replace(/^1000,100,0/m, "1000,300,0");
    const wide = ranges.replace(/^"TensorRT:a \+ b",1000,100/m, '"TensorRT:a + b",1000,300');
    expect(sourceOf([twice, wide], false, isNode).notes.join()).toContain("side by side");
  });
});

describe("PyTorch", () => {
  const operators = [
    { name: "aten::mm", dims: [...DIMS, ...DIMS], us: [10, 1] },
    { name: "aten::relu_", dims: DIMS, us: [2.5] },
  ];

  it("is matched by order on request only", () => {
    const trace = pytorchTrace(operators, [1]);
    expect(codeOf([trace])).toBe("import-order-needed");
    expect(codeOf([trace], true)).toBe("read");
    expect(codeOf([trtexecProfile([["a", 1]])], true)).toBe("import-files-conflict");
  });

  it("gives kernels to the operators that launched them, a run a step", () => {
    const source = sourceOf([pytorchTrace(operators, [1, 2, 3])], true);
    expect(mediansOf(source)).toEqual({ "aten::mm": 22_000, "aten::relu_": 5000 });
    expect(source.deviceName).toBe("NVIDIA H200");
    expect(source.parts[0]?.order).toEqual({ types: ["MatMul", "Gemm"], elements: 4096 });
    expect(source.parts[0]?.launches.map(({ timing }) => timing.medianNs)).toEqual([20_000, 2000]);
  });

  it("refuses a trace without kernels", () => {
    const without = operators.map((each) => ({ ...each, us: [] }));
    expect(codeOf([pytorchTrace(without, [1])], true)).toBe("import-nothing-measured");
  });
});

describe("the neutral table", () => {
  it("reads names, times, kernels and who measured", () => {
    const source = sourceOf([
      "# tool: my-profiler 1.2\n# device: NVIDIA H200\n" +
        "operator,medianNs,p10Ns,p90Ns,samples,gridX,blockX,registers,shared\n" +
        'a + b,1500.4,1400,1600,9,24,256,128,49152\n# later\n"c, d",200,,,,,,,\n',
    ]);
    expect(source).toMatchObject({ measuredBy: "my-profiler 1.2", deviceName: "NVIDIA H200" });
    expect(source.parts[0]).toMatchObject({
      label: "a + b",
      timing: { medianNs: 1500, p10Ns: 1400, p90Ns: 1600, samples: 9 },
      launches: [{ kernel: { grid: [24, 1, 1], threadBlock: [256, 1, 1] } }],
    });
    expect(source.parts[1]).toMatchObject({ label: "c, d", timing: { medianNs: 200, p90Ns: 200 } });
  });

  it.each([
    ["an unknown column", "operator,medianNs,color\na,1,red\n"],
    ["a column twice", "operator,medianNs,medianNs\na,1,1\n"],
    ["no times", "operator,samples\na,1\n"],
    ["a negative time", "operator,medianNs\na,-1\n"],
    ["words for a time", "operator,medianNs\na,fast\n"],
    ["quantiles out of order", "operator,medianNs,p10Ns\na,5,6\n"],
    ["no samples", "operator,medianNs,samples\na,5,0\n"],
    ["a row that ends early", "operator,medianNs\na\n"],
    ["a quote that does not close", 'operator,medianNs\n"a,5\n'],
  ])("refuses %s at its place", (_, text) => {
    const read = readingOf([text]);
    expect(read).toMatchObject({ ok: false, error: [{ code: "import-malformed" }] });
    expect(read.ok ? "" : read.error[0].where).toMatch(/^file-0, line \d/);
  });
});

describe("files that cannot be read", () => {
  const { kernels } = nsysTables([{ range: "a", ns: 9 }]);
  const whole: readonly (readonly [string, string, boolean])[] = [
    [
      "trtexec",
      trtexecProfile([
        ["a", 3],
        ["b", 4],
      ]),
      false,
    ],
    ["ONNX Runtime", runtimeProfile([{ name: "a", type: "Relu", us: 5 }], [1, 1]), false],
    ["PyTorch", pytorchTrace([{ name: "aten::mm", dims: DIMS, us: [3] }], [1, 1]), true],
    ["Nsight Systems", kernels, false],
    ["a table", "operator,medianNs,samples\nabc,200,4\ndef,300,5\n", false],
  ];

  it.each(whole)(
    "of %s, cut anywhere, give one coded failure or what is whole",
    (_, text, byOrder) => {
      for (let end = 0; end < text.length; end += Math.max(1, Math.floor(text.length / 97))) {
        const read = readingOf([text.slice(0, end)], byOrder);
        if (!read.ok) {
          expect(read.error).toHaveLength(1);
          expect(read.error[0].code).toMatch(/^import-/);
        }
      }
    },
  );

  it.each(whole.slice(0, 3))(
    "of %s that end in the middle are refused as such",
    (_, text, byOrder) => {
      const cut = text.slice(0, Math.floor(text.length * 0.8));
      expect(codeOf([cut], byOrder)).toBe("import-malformed");
    },
  );

  it.each([
    ["nothing", "", "import-format-unknown"],
    ["an empty list", "[]", "import-format-unknown"],
    ["numbers", "[1,2]", "import-format-unknown"],
    ["another object", '{"format":"top-compile/profile"}', "import-format-unknown"],
    ["prose", "Dear reader,\nthis is no table.\n", "import-format-unknown"],
    ["brackets without end", "[".repeat(100_000), "import-malformed"],
    ["objects without end", '{"traceEvents":'.repeat(50_000), "import-malformed"],
    ["a time as words", '[{"count":1},{"name":"a","averageMs":"3"}]', "import-malformed"],
    ["a negative time", '[{"count":1},{"name":"a","averageMs":-3}]', "import-malformed"],
    ["an endless time", '[{"count":1},{"name":"a","averageMs":1e300}]', "import-malformed"],
    [
      "layers that take none",
      '[{"count":1},{"name":"a","averageMs":0}]',
      "import-nothing-measured",
    ],
    ["layer information alone", trtexecLayers([["a", ["b"]]]), "import-files-conflict"],
  ])("%s is %s: one coded failure", (_, text, code) => {
    expect(codeOf([text], text.includes("traceEvents"))).toBe(code);
  });

  it("of one kind twice, or of two tools, do not go together", () => {
    const profile = trtexecProfile([["a", 3]]);
    expect(codeOf([profile, profile])).toBe("import-files-conflict");
    expect(codeOf([profile, "operator,medianNs\na,1\n"])).toBe("import-files-conflict");
  });
});
