/**
 * Minimal ONNX files that measure what running sub-models costs besides their operators: one node
 * over float32 tensors of one length. Written field by field, since they have no more than this.
 */

/** A probe: `output = operator(inputs...)`, every tensor of the same dims. */
export interface Probe {
  readonly operator: "Neg" | "Sum" | "MatMul";
  readonly inputs: readonly string[];
  readonly output: string;
  readonly dims: readonly number[];
  /** Number of times that the operator is applied, to its own output from the second on (default 1). */
  readonly repeat?: number;
}

const IR_VERSION = 8;
const OPSET = 13;
const FLOAT32 = 1;

/** The ONNX file of a probe. */
export function probeModel(probe: Probe): Uint8Array {
  const last = (probe.repeat ?? 1) - 1;
  const nameAfter = (step: number): string => (step === last ? probe.output : `step ${step}`);
  const nodes = Array.from({ length: last + 1 }, (_, step) => [
    ...(step === 0 ? probe.inputs : [nameAfter(step - 1)]).flatMap((name) => text(1, name)),
    ...text(2, nameAfter(step)),
    ...text(3, `probe ${step}`),
    ...text(4, probe.operator),
  ]);
  const graph = [
    ...nodes.flatMap((node) => message(1, node)),
    ...text(2, "probe"),
    // The same input may be read twice, but is declared once.
    ...[...new Set(probe.inputs)].flatMap((name) => message(11, valueInfo(name, probe.dims))),
    ...message(12, valueInfo(probe.output, probe.dims)),
  ];
  const opset = [...text(1, ""), ...integer(2, OPSET)];
  return Uint8Array.from([...integer(1, IR_VERSION), ...message(7, graph), ...message(8, opset)]);
}

function valueInfo(name: string, dims: readonly number[]): readonly number[] {
  const shape = dims.flatMap((dim) => message(1, integer(1, dim)));
  const tensor = [...integer(1, FLOAT32), ...message(2, shape)];
  return [...text(1, name), ...message(2, message(1, tensor))];
}

function text(field: number, value: string): readonly number[] {
  return message(field, [...new TextEncoder().encode(value)]);
}

/** A length-delimited field (wire type 2). */
function message(field: number, bytes: readonly number[]): readonly number[] {
  return [...varint((field << 3) | 2), ...varint(bytes.length), ...bytes];
}

function integer(field: number, value: number): readonly number[] {
  return [...varint(field << 3), ...varint(value)];
}

function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}
