import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { npyHead } from "../../../../src/runtime/tensor-files/npy.js";
import { readTensor } from "../../../../src/runtime/tensor-files/read-tensor.js";
import { npyBytes, npyHeader, tensorProto } from "../../../support/tensor-files.js";
import { value } from "../../../support/values.js";

let path = "";
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "read-tensor-"));
  path = join(folder, "tensor");
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(bytes: Uint8Array) {
  writeFileSync(path, bytes);
  return readTensor(path);
}

/** The elements in the order of the bytes. */
function tensorOf(bytes: Uint8Array) {
  const { elementType, dims, bytes: elements } = value(read(bytes));
  return { elementType, dims, bytes: [...elements] };
}

const littleEndian = (...numbers: readonly number[]): number[] => [
  ...new Uint8Array(Int32Array.from(numbers).buffer),
];

describe("an array of NumPy", () => {
  it.each([1, 2, 3])("of version %i", (version) => {
    const bytes = npyBytes(npyHeader("<i4", [2, 3]), Int32Array.of(1, 2, 3, 4, 5, -6), version);
    expect(tensorOf(bytes)).toEqual({
      elementType: "int32",
      dims: [2, 3],
      bytes: littleEndian(1, 2, 3, 4, 5, -6),
    });
  });

  it("of big-endian elements", () => {
    const elements = new DataView(new ArrayBuffer(8));
    elements.setInt32(0, 7);
    elements.setInt32(4, -2);
    expect(tensorOf(npyBytes(npyHeader(">i4", [2]), elements))).toEqual({
      elementType: "int32",
      dims: [2],
      bytes: littleEndian(7, -2),
    });
  });

  it("in Fortran's order", () => {
    // [[[0, 1], [2, 3], [4, 5]]] and so on: element [i, j, k] is 6 i + 2 j + k.
    const columns: number[] = [];
    for (let k = 0; k < 2; k++) {
      for (let j = 0; j < 3; j++) {
        for (let i = 0; i < 2; i++) {
          columns.push(6 * i + 2 * j + k);
        }
      }
    }
    const bytes = npyBytes(npyHeader("<i4", [2, 3, 2], true), Int32Array.from(columns));
    expect(tensorOf(bytes).bytes).toEqual(littleEndian(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  });

  it.each<[string, string, ArrayBufferView, string]>([
    ["booleans", "|b1", Uint8Array.of(0, 1), "bool"],
    ["bytes", "|u1", Uint8Array.of(9, 200), "uint8"],
    ["halves", "<f2", Uint16Array.of(0x3c00, 0xc000), "float16"],
    ["doubles", "<f8", Float64Array.of(0.5, -2), "float64"],
    ["long integers", "<i8", BigInt64Array.of(-1n, 2n ** 62n), "int64"],
    ["long naturals", "<u8", BigUint64Array.of(2n ** 64n - 1n, 3n), "uint64"],
  ])("of %s", (_what, descr, elements, elementType) => {
    expect(tensorOf(npyBytes(npyHeader(descr, [2]), elements))).toEqual({
      elementType,
      dims: [2],
      bytes: [...new Uint8Array(elements.buffer)],
    });
  });

  it("of one number, and of none", () => {
    expect(tensorOf(npyBytes(npyHeader("<f4", []), Float32Array.of(1)))).toMatchObject({
      dims: [],
    });
    expect(tensorOf(npyBytes(npyHeader("<f4", [3, 0]), new Float32Array()))).toMatchObject({
      dims: [3, 0],
      bytes: [],
    });
  });

  it("with the keys in another order, and sizes as Python 2 wrote them", () => {
    const header = "{'shape': (2L, 1L), 'fortran_order': False, 'descr': '<i4'}";
    expect(tensorOf(npyBytes(header, Int32Array.of(4, 5)))).toMatchObject({ dims: [2, 1] });
  });

  it("is read as it is written", () => {
    for (const dims of [[], [4], [2, 2], [1, 4, 1]]) {
      const bytes = new Uint8Array(Int32Array.of(1, 2, 3, 4).buffer, 0, dims.length === 0 ? 4 : 16);
      const head = npyHead({ elementType: "int32", dims, bytes });
      expect(head!.length % 64).toBe(0);
      expect(tensorOf(Uint8Array.from([...head!, ...bytes]))).toEqual({
        elementType: "int32",
        dims,
        bytes: [...bytes],
      });
    }
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["objects", npyBytes(npyHeader("|O", [1]), Uint8Array.of(1)), /Python objects/],
    [
      "records",
      npyBytes(
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
        Float32Array.of(1),
      ),
      /structured array/,
    ],
    ["text", npyBytes(npyHeader("<U3", [1]), new Uint8Array(12)), /text/],
    ["dates", npyBytes(npyHeader("<M8[ns]", [1]), new Uint8Array(8)), /dates/],
    ["complex numbers", npyBytes(npyHeader("<c8", [1]), new Uint8Array(8)), /complex/],
    [
      "raw bytes, as bfloat16 is saved",
      npyBytes(npyHeader("<V2", [1]), new Uint8Array(2)),
      /records or raw bytes/,
    ],
    ["an unknown type", npyBytes(npyHeader("<f16", [1]), new Uint8Array(16)), /no counterpart/],
    [
      "fewer elements",
      npyBytes(npyHeader("<i4", [3]), Int32Array.of(1, 2)),
      /12 bytes of elements, and 8 follow/,
    ],
    [
      "more elements",
      npyBytes(npyHeader("<i4", [1]), Int32Array.of(1, 2)),
      /4 bytes of elements, and 8 follow/,
    ],
    [
      "sizes beyond all memory",
      npyBytes(npyHeader("<f8", [2 ** 40, 2 ** 40]), Float64Array.of(1)),
      /bytes of elements, and 8 follow/,
    ],
    [
      "a negative size",
      npyBytes("{'descr': '<i4', 'fortran_order': False, 'shape': (-1,), }", Int32Array.of(1)),
      /not one of NumPy/,
    ],
    [
      "too many dims",
      npyBytes(npyHeader("<i4", new Array<number>(65).fill(1)), Int32Array.of(1)),
      /not one of NumPy/,
    ],
    [
      "a header without an end",
      npyBytes("{'descr': '<i4', 'fortran_order': False, 'shape': (1,), ", Int32Array.of(1)),
      /not one of NumPy/,
    ],
    [
      "a key twice",
      npyBytes(
        "{'descr': '<i4', 'descr': '<i8', 'fortran_order': False, 'shape': (1,), }",
        Int32Array.of(1),
      ),
      /not one of NumPy/,
    ],
    ["a newer version", npyBytes(npyHeader("<i4", [1]), Int32Array.of(1), 4), /version 4/],
    [
      "a cut header",
      npyBytes(npyHeader("<i4", [1]), Int32Array.of(1)).slice(0, 40),
      /ends inside its header/,
    ],
    [
      "nothing but its magic",
      npyBytes(npyHeader("<i4", [1]), Int32Array.of(1)).slice(0, 6),
      /version 0/,
    ],
    [
      "an enormous header",
      Uint8Array.from([0x93, 78, 85, 77, 80, 89, 2, 0, 0xff, 0xff, 0xff, 0xff]),
      /4294967295 bytes/,
    ],
  ])("is refused with %s", (_what, bytes, problem) => {
    const result = read(bytes);
    expect(result).toMatchObject({ ok: false, error: [{ code: "input-invalid", exit: 1 }] });
    expect(result.ok ? "" : result.error[0].message).toMatch(problem);
    expect(result.ok ? "" : result.error[0].hint).toContain(
      "give numbers of 8 to 64 bits, float16 or booleans",
    );
  });

  it("is refused before memory is taken for it", () => {
    writeFileSync(path, npyBytes(npyHeader("<f8", [2 ** 36]), Float64Array.of(1)));
    // A file with a hole: as large as its header says, but for one byte.
    truncateSync(path, 2 ** 39 + 127);
    expect(readTensor(path)).toMatchObject({ ok: false, error: [{ exit: 4 }] });
  });
});

describe("a TensorProto", () => {
  it.each<[string, object, readonly number[]]>([
    ["raw data", { rawData: Uint8Array.from(littleEndian(3, 4)) }, littleEndian(3, 4)],
    ["typed fields", { int32Data: [3, 4] }, littleEndian(3, 4)],
  ])("with %s", (_how, fields, bytes) => {
    const proto = tensorProto({ name: "x", dims: [2], dataType: 6, ...fields });
    expect(tensorOf(proto)).toEqual({ elementType: "int32", dims: [2], bytes });
    expect(value(read(proto)).name).toBe("x");
  });

  it("with more than fits a small buffer, both ways", () => {
    const numbers = Array.from({ length: 5000 }, (_, at) => at);
    const raw = new Uint8Array(Float32Array.from(numbers).buffer);
    const header = { name: "x", dims: [5000], dataType: 1 };
    expect(value(read(tensorProto({ ...header, rawData: raw }))).bytes).toEqual(raw);
    expect(value(read(tensorProto({ ...header, floatData: numbers }))).bytes).toEqual(raw);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["no type", tensorProto({ dims: [1], rawData: Uint8Array.of(1) }), /data type 0/],
    [
      "fewer elements",
      tensorProto({ dims: [2], dataType: 6, rawData: Uint8Array.of(1, 0, 0, 0) }),
      /more or fewer/,
    ],
    ["no elements", tensorProto({ dims: [2], dataType: 6 }), /no elements/],
    ["text", tensorProto({ dims: [1], dataType: 8, stringData: [Uint8Array.of(65)] }), /text/],
    [
      "elements elsewhere",
      tensorProto({
        dims: [1],
        dataType: 6,
        dataLocation: 1,
        externalData: [{ key: "location", value: "../secret" }],
      }),
      /another file/,
    ],
    ...["0x40", "64.0", "-4", "abc", "", "99999999999999999999"].map(
      (offset): [string, Uint8Array, RegExp] => [
        `elements elsewhere at "${offset}"`,
        tensorProto({
          dims: [1],
          dataType: 6,
          dataLocation: 1,
          externalData: [{ key: "offset", value: offset }],
        }),
        /external data of offset "/,
      ],
    ),
    [
      "bfloat16",
      tensorProto({ dims: [1], dataType: 16, rawData: Uint8Array.of(0, 0) }),
      /bfloat16/,
    ],
    [
      "a negative size",
      tensorProto({ dims: [-2], dataType: 6, rawData: Uint8Array.of(1, 0, 0, 0) }),
      /negative/,
    ],
    [
      "a model in its place",
      new TextEncoder().encode("\x08\x08\x12\x05torch"),
      /not begin as NumPy's files do, and is no valid TensorProto/,
    ],
    ["plain text", new TextEncoder().encode("1 2 3\n"), /is no valid TensorProto/],
    ["an archive", Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0), /archive, such as numpy.savez writes/],
    ["nothing", new Uint8Array(), /the file is empty/],
  ])("is refused with %s", (_what, bytes, problem) => {
    const result = read(bytes);
    expect(result).toMatchObject({ ok: false, error: [{ code: "input-invalid", exit: 1 }] });
    expect(result.ok ? "" : result.error[0].message).toMatch(problem);
  });

  it("is refused where there is no file", () => {
    expect(readTensor(join(folder, "missing"))).toMatchObject({
      error: [{ code: "file-unreadable" }],
    });
    expect(readTensor(folder)).toMatchObject({ error: [{ code: "file-unreadable" }] });
  });
});
