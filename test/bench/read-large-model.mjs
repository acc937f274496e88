// Time and memory of reading the structure of a model of 500 MB: `npm run bench:read`.
// The weights are holes of a sparse file: reading skips them, so they need not be on the disk.
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import protobuf from "protobufjs/minimal.js";

const WEIGHTS = 50;
const WEIGHT_BYTES = 10_000_000;
const RUNS = 7;

if (process.argv[2] === "--read") {
  const { readModel } = await import("../../dist/onnx/read-model.js");
  const start = process.hrtime.bigint();
  const model = readModel(process.argv[3]);
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  const rss = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ ok: model.ok, ms, rss, nodes: model.value?.graph.nodes.length }));
} else {
  const folder = mkdtempSync(join(tmpdir(), "top-compile-bench-"));
  try {
    const path = join(folder, "large.onnx");
    writeLargeModel(path);
    const runs = Array.from({ length: RUNS }, () =>
      JSON.parse(
        execFileSync(process.execPath, [import.meta.filename, "--read", path], {
          encoding: "utf8",
        }),
      ),
    );
    const middle = (of) => runs.map(of).sort((a, b) => a - b)[RUNS >> 1];
    const mb = (WEIGHTS * WEIGHT_BYTES) / 1e6;
    console.log(`model of ${mb} MB, ${runs[0].nodes} nodes, read ${RUNS} times in new processes`);
    console.log(`time     ${middle(({ ms }) => ms).toFixed(1)} ms (median)`);
    console.log(
      `resident ${(middle(({ rss }) => rss) / 1e6).toFixed(0)} MB (median of the peaks, Node included)`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A chain of additions of weights whose raw data are holes. */
function writeLargeModel(path) {
  const { Writer } = protobuf;
  const node = (i) =>
    Writer.create()
      .uint32(10)
      .string(`x${i}`)
      .uint32(10)
      .string(`w${i}`)
      .uint32(18)
      .string(`x${i + 1}`)
      .uint32(34)
      .string("Add")
      .finish();
  const tensor = (i) => {
    const head = Writer.create()
      .uint32(8)
      .int64(WEIGHT_BYTES / 4)
      .uint32(16)
      .int32(1)
      .uint32(66)
      .string(`w${i}`)
      .uint32(74)
      .uint32(WEIGHT_BYTES)
      .finish();
    return { head, bytes: head.length + WEIGHT_BYTES };
  };
  const value = (name) =>
    Writer.create()
      .uint32(10)
      .string(name)
      .uint32(18)
      .fork()
      .uint32(10)
      .fork()
      .uint32(8)
      .int32(1)
      .uint32(18)
      .fork()
      .uint32(10)
      .fork()
      .uint32(8)
      .int64(WEIGHT_BYTES / 4)
      .ldelim()
      .ldelim()
      .ldelim()
      .ldelim()
      .finish();
  const field = (number, bytes) =>
    Writer.create()
      .uint32(number * 8 + 2)
      .uint32(bytes)
      .finish();
  const pieces = [];
  for (let i = 0; i < WEIGHTS; i++) {
    const bytes = node(i);
    pieces.push(field(1, bytes.length), bytes);
  }
  for (const [number, name] of [
    [11, "x0"],
    [12, `x${WEIGHTS}`],
  ]) {
    const bytes = value(name);
    pieces.push(field(number, bytes.length), bytes);
  }
  const tensors = Array.from({ length: WEIGHTS }, (_, i) => tensor(i));
  const heads = tensors.map(({ head, bytes }) => [field(5, bytes), head]);
  const graphBytes =
    [...pieces, ...heads.flat()].reduce((sum, piece) => sum + piece.length, 0) +
    WEIGHTS * WEIGHT_BYTES;
  const model = Writer.create()
    .uint32(8)
    .int64(8)
    .uint32(66)
    .fork()
    .uint32(16)
    .int64(16)
    .ldelim()
    .finish();
  const file = openSync(path, "w");
  let at = 0;
  const put = (bytes) => {
    writeSync(file, bytes, 0, bytes.length, at);
    at += bytes.length;
  };
  for (const bytes of [model, field(7, graphBytes), ...pieces]) {
    put(bytes);
  }
  for (const [tag, head] of heads) {
    put(tag);
    put(head);
    at += WEIGHT_BYTES;
  }
  // The last byte makes the file as long as its last hole.
  at -= 1;
  put(Uint8Array.of(0));
  closeSync(file);
}
