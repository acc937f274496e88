import onnxProto from "onnx-proto";

const { onnx } = onnxProto;

/** A `.npy` file with this header, as NumPy pads it, and these elements. */
export function npyBytes(
  header: string,
  elements: ArrayBufferView | ArrayBuffer,
  version: number = 1,
): Uint8Array {
  const lengthBytes = version === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  const end = Math.ceil((start + header.length + 1) / 64) * 64;
  const text = `${header.padEnd(end - start - 1)}\n`;
  const length = new Uint8Array(lengthBytes);
  length.set([text.length & 0xff, text.length >>> 8]);
  const bytes =
    elements instanceof ArrayBuffer
      ? new Uint8Array(elements)
      : new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  return Uint8Array.from([
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    version,
    0,
    ...length,
    ...new TextEncoder().encode(text),
    ...bytes,
  ]);
}

/** The header of an array of numbers. */
export function npyHeader(descr: string, shape: readonly number[], isFortran = false): string {
  const dims = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const order = isFortran ? "True" : "False";
  return `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${dims}, }`;
}

/** A TensorProto as protobuf writes it. */
export function tensorProto(fields: object): Uint8Array {
  return onnx.TensorProto.encode(onnx.TensorProto.create(fields)).finish();
}
