/** Convolutions whose tensors have their channels last, by the helper over stand-ins that take them or refuse. */
import { beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import type { ConvNode } from "../../src/runtime/cuda/client/nodes.js";
import { convolve } from "../support/device-emulator.js";
import { elementsAt } from "../support/device-memory.js";
import { BUILD_TIMEOUT_MS, expectDone, helperPath, noCompiler } from "../support/native-helper.js";
import { floats, opened } from "../support/stand-in-helper.js";

const X = { offset: 0, dims: [2, 4, 5, 3] };
const W = { offset: 1024, dims: [6, 2, 3, 2] };
const Y = { offset: 8192, dims: [2, 6, 3, 2] };
const BIAS = 3072;
const ADDED = 4096;
const BYTES = 1 << 14;
/** Numbers from the start of the result that are looked at: of all channels of a tensor that it is part of. */
const RESULT = 120;

const conv = (more: Partial<ConvNode> = {}): ConvNode => ({
  kind: "conv",
  x: X,
  w: W,
  y: Y,
  pads: [1, 0],
  strides: [2, 1],
  dilations: [1, 1],
  groups: 2,
  channelsLast: true,
  dtype: "f32",
  math: "ieee",
  ...more,
});

const EVERYTHING = { bias: BIAS, residual: ADDED, relu: true } as const;

/** Whole numbers, whose sums are exact in any order. */
function arena(): ArrayBuffer {
  const random = seededRandom(4);
  return Float32Array.from({ length: BYTES / 4 }, () => random.integer(15) - 7).buffer;
}

/** By definition. */
function wanted(node: ConvNode): readonly number[] {
  const memory = arena();
  const at = (offset: number, count: number) => elementsAt("f32", memory, offset, count);
  const tensor = ({ offset, dims }: ConvNode["x"]) => ({ elements: at(offset, 360), dims });
  convolve({
    x: tensor(node.x),
    w: tensor(node.w),
    y: { ...tensor(node.y), channels: node.y.channels },
    bias: node.bias === undefined ? undefined : at(node.bias, 6),
    residual: node.residual === undefined ? undefined : at(node.residual, 72),
    relu: node.relu === true,
    pads: node.pads,
    strides: node.strides,
    dilations: node.dilations,
    groups: node.groups ?? 1,
    isChannelsLast: node.channelsLast === true,
  });
  return [...new Float32Array(memory, node.y.offset, RESULT)];
}

async function convolved(node: ConvNode, env: Record<string, string>) {
  const helper = await opened(BYTES, env);
  try {
    const base64 = Buffer.from(arena()).toString("base64");
    await expectDone(helper, "upload", { items: [{ base64, offset: 0 }] });
    const programmed = await expectDone(helper, "program", { nodes: [node] });
    await expectDone(helper, "run", { schedule: { launches: [{ node: 0 }] } });
    return { settings: programmed.nodes[0], result: await floats(helper, node.y.offset, RESULT) };
  } finally {
    await helper.close();
  }
}

describe.skipIf(noCompiler !== undefined)(`channels last (${noCompiler})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  it.each([
    ["alone", {}],
    ["with everything", EVERYTHING],
  ])("are what cuDNN is given, %s", async (_name, more) => {
    const node = conv(more);
    const done = await convolved(node, {});
    expect(done.result).toEqual(wanted(node));
    expect(done.settings).not.toHaveProperty("copies");
    expect(wanted(node)).not.toEqual(wanted({ ...node, channelsLast: false }));
  });

  it("have bias and addition from a kernel of the helper's own where cuDNN refuses those", async () => {
    const node = conv(EVERYTHING);
    const done = await convolved(node, { STAND_IN_FUSED: "none" });
    expect(done.result).toEqual(wanted(node));
    expect(done.settings).toMatchObject({ addsBias: true });
  });

  it.each([
    ["alone", {}, {}],
    ["with everything", EVERYTHING, {}],
    ["and what stands behind", EVERYTHING, { STAND_IN_FUSED: "none" }],
  ])("are copied to rows and back where cuDNN refuses them, %s", async (_name, more, env) => {
    const node = conv(more);
    const done = await convolved(node, { STAND_IN_LAYOUT: "rows", ...env });
    expect(done.result).toEqual(wanted(node));
    expect(done.settings).toMatchObject({ copies: "all" });
  });

  /** A result of 6 channels among 10. */
  const part = (more: Partial<ConvNode> = {}) => conv({ y: { ...Y, channels: 10 }, ...more });

  it.each([
    ["where cuDNN takes them so", {}, undefined],
    ["by a copy where cuDNN takes whole tensors", { STAND_IN_LAYOUT: "whole" }, "result"],
    ["by copies where cuDNN takes rows", { STAND_IN_LAYOUT: "rows" }, "all"],
  ])("are written among those of a larger tensor %s", async (_name, env, copies) => {
    for (const more of [{}, { bias: BIAS, relu: true }, EVERYTHING]) {
      const node = part(more);
      const done = await convolved(node, env);
      expect(done.result).toEqual(wanted(node));
      expect(done.settings?.copies).toBe(copies);
    }
  });

  it("are not read or written beyond the arena", async () => {
    const helper = await opened(BYTES, {});
    const last = { dims: Y.dims, channels: 10 };
    const end = BYTES - 4 * (11 * 10 + 6);
    const fits = await helper.call("program", { nodes: [conv({ y: { ...last, offset: end } })] });
    const beyond = await helper.call("program", {
      nodes: [conv({ y: { ...last, offset: end + 4 } })],
    });
    await helper.close();
    expect(fits.ok).toBe(true);
    expect(beyond.ok).toBe(false);
  });

  it("are of tensors of two spatial dims", async () => {
    const helper = await opened(BYTES, {});
    const three = conv({
      x: { offset: 0, dims: [1, 1, 1, 2, 2] },
      w: { offset: 1024, dims: [1, 1, 1, 1, 1] },
      y: { offset: 8192, dims: [1, 1, 1, 2, 2] },
      pads: [0, 0, 0],
      strides: [1, 1, 1],
      dilations: [1, 1, 1],
      groups: 1,
    });
    const answer = await helper.call("program", { nodes: [three] });
    await helper.close();
    expect(answer).toMatchObject({ ok: false });
    expect(JSON.stringify(answer)).toContain("needs 4 dims");
  });
});
