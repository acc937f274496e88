import { describe, expect, it } from "vitest";
import { writeWholeModel } from "../../../src/onnx/extract-submodel.js";
import { CONFIGURATION_NAME, withPipelineStages } from "../../../src/onnx/pipeline-stages.js";
import { payloadOf, type RawField, rawFields, textOf } from "../../../src/onnx/rewrite-node.js";
import { branchingModel, loweredTinyModel } from "../../support/tiny-model.js";
import { value } from "../../support/values.js";

/** Fields of a message by the numbers of onnx.proto. */
function fields(message: Uint8Array, number: number): readonly RawField[] {
  return rawFields(message).filter((field) => field.number === number);
}

const texts = (message: Uint8Array, number: number) => fields(message, number).map(textOf);
const inner = (message: Uint8Array, number: number) => fields(message, number).map(payloadOf);
/** Small integers of one byte each. */
const integers = (message: Uint8Array, number: number) =>
  inner(message, number).map((bytes) => bytes[0]);

describe("withPipelineStages", () => {
  it("writes the stage of every operator and the devices as ONNX IR 11 has them", async () => {
    const { lowered, remove } = await loweredTinyModel(branchingModel());
    const stageOf = Int32Array.from(lowered.graph.operators, (_, at) => at % 3);
    const once = withPipelineStages(lowered, stageOf, ["d0", "d1"]);
    // Again, with other devices: what was there of ours is replaced.
    const staged = withPipelineStages(once, stageOf, ["left", "right"]);
    const bytes = value(writeWholeModel(staged));
    remove();
    expect(integers(bytes, 1)).toEqual([11]);
    const [configuration, ...others] = inner(bytes, 26);
    expect(others).toEqual([]);
    expect(texts(configuration ?? bytes, 1)).toEqual([CONFIGURATION_NAME]);
    expect(integers(configuration ?? bytes, 2)).toEqual([2]);
    expect(texts(configuration ?? bytes, 3)).toEqual(["left", "right"]);
    const [graph = bytes] = inner(bytes, 7);
    const found = inner(graph, 1).map((node) => {
      const own = inner(node, 10);
      expect(own.map((each) => texts(each, 1))).toEqual([[CONFIGURATION_NAME]]);
      return [texts(node, 3)[0], integers(own[0] ?? node, 3)[0] ?? 0];
    });
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(lowered.graph.operators.map(({ name }, at) => [name, at % 3])),
    );
  });
});
