import { describe, expect, it } from "vitest";
import {
  isOpaque,
  namesInLayer,
  namesInMetadata,
} from "../../../../src/profile/import/layer-names.js";
import { namesOfKernel } from "../../../../src/profile/import/runtime-names.js";

describe("names in layers of TensorRT", () => {
  it.each([
    ["Conv_1", ["Conv_1"]],
    [
      "Conv_171 + Relu_172 || Conv_178 + Relu_179",
      ["Conv_171", "Relu_172", "Conv_178", "Relu_179"],
    ],
    ["w.0 + Quant_8 + Conv_12 + PWN(Clip_16)", ["w.0", "Quant_8", "Conv_12", "Clip_16"]],
    ["PWN(PWN(Sigmoid_3), Mul_4)", ["Sigmoid_3", "Mul_4"]],
    ["PWN(a + PWN(b), c)", ["a", "b", "c"]],
    ["Reformatting CopyNode for Input Tensor 0 to Conv_1 + Relu_2", ["Conv_1", "Relu_2"]],
    ["Reformatting CopyNode for Output Tensor 12 to Conv_1", ["Conv_1"]],
    ["(Unnamed Layer* 850) [ElementWise]", ["(Unnamed Layer* 850) [ElementWise]"]],
    ["a + a", ["a"]],
  ])("of %s", (layer, parts) => {
    const [whole, split] = namesInLayer(layer);
    expect(split).toEqual(parts);
    expect(whole).toHaveLength(1);
  });

  it("are not split where they are longer than any", () => {
    expect(namesInLayer("PWN(".repeat(100_000))).toHaveLength(1);
  });

  it("may be one name as a whole, which is read first", () => {
    expect(namesInLayer("gate + up")[0]).toEqual(["gate + up"]);
  });

  it("do not stand in regions that are compiled as a whole", () => {
    expect(["{ForeignNode[a...b]}", "__myl_Fc_myl0_1"].map(isOpaque)).toEqual([true, true]);
    expect(["Conv_1", "my__myl"].map(isOpaque)).toEqual([false, false]);
  });

  it("stand in metadata between separators; other marks are passed over", () => {
    const text =
      "[ONNX Layer: a/b]\u001f[ONNX Layer: c [1]]\u001e[Other: d]\u001f[ONNX Layer: a/b]";
    expect(namesInMetadata(text)).toEqual(["a/b", "c [1]"]);
    expect(namesInMetadata("")).toEqual([]);
  });
});

describe("names of kernels of ONNX Runtime", () => {
  it.each([
    ["conv1", ["conv1"]],
    ["46_nchwc", ["46_nchwc", "46"]],
    ["46_nchwc_token_7", ["46_nchwc_token_7", "46", "46_nchwc"]],
    ["fused conv1", ["fused conv1", "conv1"]],
    [
      "layer0/Mul_4/LayerNormFusion/",
      ["layer0/Mul_4/LayerNormFusion/", "layer0/Mul_4/LayerNormFusion", "layer0/Mul_4"],
    ],
    ["m/MatMulAddFusion", ["m/MatMulAddFusion", "m"]],
    ["a/b", ["a/b"]],
  ])("of %s", (name, readings) => {
    expect(namesOfKernel(name)).toEqual(readings.map((each) => [each]));
  });
});
