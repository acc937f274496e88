/** A large ONNX model, written without its weights: they are holes of a sparse file. */
import { closeSync, openSync, writeSync } from "node:fs";
import protobuf, { type Writer } from "protobufjs/minimal.js";

/** Types of wire: lengths come before what is read by length. */
const BY_LENGTH = 2;
const FLOAT = 1;

/** Writes a chain of as many additions as there are weights, each of them so many bytes of `float32`. */
export function writeLargeModel(path: string, weights: number, weightBytes: number): void {
  const elements = weightBytes / 4;
  const nodes = Array.from({ length: weights }, (_, i) => field(1, nodeOf(i)));
  const values = [field(11, infoOf("x0", elements)), field(12, infoOf(`x${weights}`, elements))];
  const heads = Array.from({ length: weights }, (_, i) => headOf(`w${i}`, elements, weightBytes));
  const tags = heads.map((head) => tagOf(5, head.length + weightBytes));
  const written = [...nodes, ...values, ...tags, ...heads];
  const graphBytes = written.reduce((sum, { length }) => sum + length, 0) + weights * weightBytes;
  const file = openSync(path, "w");
  let at = 0;
  const put = (bytes: Uint8Array): void => {
    writeSync(file, bytes, 0, bytes.length, at);
    at += bytes.length;
  };
  for (const bytes of [modelHead(), tagOf(7, graphBytes), ...nodes, ...values]) {
    put(bytes);
  }
  heads.forEach((head, i) => {
    put(tags[i]!);
    put(head);
    at += weightBytes;
  });
  // The last byte makes the file as long as its last hole.
  at -= 1;
  put(Uint8Array.of(0));
  closeSync(file);
}

/** IR version 8, operators of version 16. */
function modelHead(): Uint8Array {
  const opset = field(8, writer().uint32(16).int64(16).finish());
  return Buffer.concat([writer().uint32(8).int64(8).finish(), opset]);
}

function nodeOf(i: number): Uint8Array {
  const [input, output] = [1, 2];
  return writer()
    .uint32(keyOf(input))
    .string(`x${i}`)
    .uint32(keyOf(input))
    .string(`w${i}`)
    .uint32(keyOf(output))
    .string(`x${i + 1}`)
    .uint32(keyOf(4))
    .string("Add")
    .finish();
}

/** A tensor up to its raw data, which must follow. */
function headOf(name: string, elements: number, bytes: number): Uint8Array {
  return writer()
    .uint32(8)
    .int64(elements)
    .uint32(16)
    .int32(FLOAT)
    .uint32(keyOf(8))
    .string(name)
    .uint32(keyOf(9))
    .uint32(bytes)
    .finish();
}

/** A row of floats of the graph's inputs or outputs. */
function infoOf(name: string, elements: number): Uint8Array {
  const dim = writer().uint32(8).int64(elements).finish();
  const tensor = [writer().uint32(8).int32(FLOAT).finish(), field(2, field(1, dim))];
  const type = field(1, Buffer.concat(tensor));
  return Buffer.concat([writer().uint32(keyOf(1)).string(name).finish(), field(2, type)]);
}

function field(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([tagOf(number, bytes.length), bytes]);
}

/** What comes before a field of so many bytes. */
function tagOf(number: number, length: number): Uint8Array {
  return writer().uint32(keyOf(number)).uint32(length).finish();
}

function keyOf(number: number): number {
  return number * 8 + BY_LENGTH;
}

function writer(): Writer {
  return protobuf.Writer.create();
}
