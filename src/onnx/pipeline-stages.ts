/**
 * Which stage of a pipeline every node belongs to, written into the model by the fields that ONNX has for
 * it since IR 11: `ModelProto.configuration` names the devices, and `NodeProto.device_configurations`
 * the stage of a node. Readers that do not know the fields skip them.
 */
import protobuf from "protobufjs/minimal.js";
import type { LoweredModel } from "./lowered-model.js";
import type { OnnxNode } from "./model.js";
import {
  concatenate,
  messageField,
  payloadOf,
  rawFields,
  textField,
  textOf,
} from "./rewrite-node.js";

/** Numbers of the fields in `onnx.proto`. */
const MODEL_CONFIGURATION = 26;
const CONFIGURATION = { name: 1, count: 2, device: 3 } as const;
const NODE_CONFIGURATIONS = 10;
const NODE_CONFIGURATION = { id: 1, stage: 3 } as const;

/** The first IR with these fields. */
const LEAST_IR = 11;

/** The name of our configuration: an earlier one of that name is replaced, others stay. */
export const CONFIGURATION_NAME = "top-compile";

/**
 * Returns the model with the stage of every operator. Views and constants belong to every stage that needs
 * them, and say nothing. Everything else is as it was.
 *
 * Requires: `stageOf` has a stage for every operator. Cost: O(nodes).
 */
export function withPipelineStages(
  lowered: LoweredModel,
  stageOf: ArrayLike<number>,
  devices: readonly string[],
): LoweredModel {
  const { graph, model } = lowered;
  const operatorAt = new Map(graph.operators.map(({ node, id }) => [node, id]));
  const nodes = model.graph.nodes.map((node, at) => {
    const operator = operatorAt.get(at);
    return withStage(node, operator === undefined ? undefined : stageOf[operator]);
  });
  return {
    ...lowered,
    model: {
      ...model,
      irVersion: Math.max(LEAST_IR, model.irVersion),
      extra: withConfiguration(model.extra, devices),
      graph: { ...model.graph, nodes },
    },
  };
}

function withStage(node: OnnxNode, stage: number | undefined): OnnxNode {
  const kept = rawFields(node.raw).filter(
    (field) =>
      field.number !== NODE_CONFIGURATIONS ||
      nameIn(payloadOf(field), NODE_CONFIGURATION.id) !== CONFIGURATION_NAME,
  );
  const own =
    stage === undefined
      ? []
      : [
          messageField(
            NODE_CONFIGURATIONS,
            concatenate([
              textField(NODE_CONFIGURATION.id, CONFIGURATION_NAME),
              integerField(NODE_CONFIGURATION.stage, stage),
            ]),
          ),
        ];
  return { ...node, raw: concatenate([...kept.map(({ bytes }) => bytes), ...own]) };
}

function withConfiguration(extra: Uint8Array, devices: readonly string[]): Uint8Array {
  const kept = rawFields(extra).filter(
    (field) =>
      field.number !== MODEL_CONFIGURATION ||
      nameIn(payloadOf(field), CONFIGURATION.name) !== CONFIGURATION_NAME,
  );
  const own = concatenate([
    textField(CONFIGURATION.name, CONFIGURATION_NAME),
    integerField(CONFIGURATION.count, devices.length),
    ...devices.map((name) => textField(CONFIGURATION.device, name)),
  ]);
  return concatenate([...kept.map(({ bytes }) => bytes), messageField(MODEL_CONFIGURATION, own)]);
}

function nameIn(message: Uint8Array, number: number): string | undefined {
  const field = rawFields(message).find((each) => each.number === number);
  return field === undefined ? undefined : textOf(field);
}

function integerField(number: number, value: number): Uint8Array {
  return protobuf.Writer.create()
    .uint32(number * 8)
    .int32(value)
    .finish();
}
