import type { OperatorId } from "../../ir/operator-graph.js";
import type { FusionIndex } from "./fusion-index.js";

/**
 * Whether a Pad only gives a convolution or pool the border that it could have made itself: no cropping,
 * spatial dims alone, filled with zeros or, for a maximum, with what is below every number; before an average that
 * counts what the Pad adds, because it has no pads of its own.
 */
export function isBorderOf(index: FusionIndex, id: OperatorId, reader: OperatorId): boolean {
  if (index.operator(id).type !== "Pad" || !isConstantMode(index, id)) {
    return false;
  }
  const pads = padsOf(index, id);
  const rank = (pads?.length ?? 0) / 2;
  const isSpatial =
    pads !== undefined &&
    rank > 2 &&
    pads.every((pad, at) => pad >= 0 && (at % rank >= 2 || pad === 0));
  if (!isSpatial || padsByAxes(index, id)) {
    return false;
  }
  const value = fillOf(index, id);
  switch (index.operator(reader).type) {
    case "MaxPool":
      return value === Number.NEGATIVE_INFINITY;
    case "AveragePool":
      return value === 0 && hasNoPads(index, reader);
    default:
      return value === 0;
  }
}

function isConstantMode(index: FusionIndex, id: OperatorId): boolean {
  const mode = index.attribute(id, "mode");
  return mode === undefined || (mode.kind === "string" && mode.value === "constant");
}

/** All pads, those before each axis first. Since version 11 an input, before that an attribute. */
function padsOf(index: FusionIndex, id: OperatorId): readonly number[] | undefined {
  const given = index.attribute(id, "pads");
  const [, name = ""] = index.node(id).inputs;
  return given?.kind === "ints" ? given.value : index.constant(name)?.values;
}

/** Since version 18 the pads may be those of some axes. */
function padsByAxes(index: FusionIndex, id: OperatorId): boolean {
  return (index.node(id).inputs[3] ?? "") !== "";
}

function fillOf(index: FusionIndex, id: OperatorId): number | undefined {
  const given = index.attribute(id, "value");
  const [, , name = ""] = index.node(id).inputs;
  if (given?.kind === "float") {
    return given.value;
  }
  return name === "" ? 0 : index.constant(name)?.values[0];
}

function hasNoPads(index: FusionIndex, id: OperatorId): boolean {
  const pads = index.attribute(id, "pads");
  const auto = index.attribute(id, "auto_pad");
  return (
    (pads === undefined || (pads.kind === "ints" && pads.value.every((pad) => pad === 0))) &&
    (auto === undefined ||
      (auto.kind === "string" && (auto.value === "NOTSET" || auto.value === "VALID")))
  );
}
