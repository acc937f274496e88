// A child process that behaves as its script says: argument 1 is a file for what it was asked (one
// JSON line each, and one "start" for every start), argument 2 the script, a JSON array with one
// entry per start: { op: action }. Actions: "crash", "hang", "garbage", "wrong-id", "no-shape",
// "partial", "fatal", "refuse", "version", "two-lines", "noise"; otherwise it answers.
import { appendFileSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [, , log, scriptText] = process.argv;
const script = JSON.parse(scriptText);
const starts = readFileSync(log, "utf8")
  .split("\n")
  .filter((line) => line === '"start"').length;
appendFileSync(log, '"start"\n');
const actions = script[Math.min(starts, script.length - 1)];

const RESULTS = {
  hello: { protocol: 1, helper: "scripted" },
  arena: { bytes: 64, freeBytes: 64 },
  upload: { bytes: 4 },
  compile: { module: 0, log: "", bytes: 1 },
  program: { nodes: [] },
  run: { us: 1 },
  measure: { samplesUs: [[1, 2]], hostUs: [[3, 4]] },
  download: { base64: "AAAA" },
  plan: { streams: 1, events: 0, actions: [] },
  open: {
    connections: 32,
    device: {
      index: 0,
      name: "scripted",
      capability: [9, 0],
      multiprocessors: 1,
      threadsPerMultiprocessor: 1,
      blocksPerMultiprocessor: 1,
      registersPerMultiprocessor: 1,
      sharedBytesPerMultiprocessor: 1,
      sharedBytesPerBlock: 1,
      sharedBytesReservedPerBlock: 1,
      threadsPerBlock: 1,
      warpSize: 1,
      l2Bytes: 1,
      memoryBytes: 1,
      clockKhz: 1,
      memoryClockKhz: 1,
      memoryBusBits: 1,
    },
  },
};

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const refuse = (id, fatal) =>
  say({ id, ok: false, error: { code: "cuda-error", message: "said no", fatal } });

createInterface({ input: process.stdin }).on("line", (line) => {
  appendFileSync(log, `${line}\n`);
  const { id, op } = JSON.parse(line);
  const result = RESULTS[op] ?? {};
  switch (actions[op]) {
    case "crash":
      process.stderr.write("first words\nlast words\n", () => process.kill(process.pid, "SIGSEGV"));
      return;
    case "exit":
      process.exit(3);
      return;
    case "hang":
      return;
    case "garbage":
      process.stdout.write("Segmentation fault, more or less\n");
      return;
    case "wrong-id":
      say({ id: id + 1, ok: true, result });
      return;
    case "no-shape":
      say({ id, ok: true, result: { samplesUs: [["fast"]], hostUs: [] } });
      return;
    case "partial":
      process.stdout.write(`{"id":${id},"ok":true,"resu`, () => process.exit(0));
      return;
    case "in-pieces": {
      const text = `${JSON.stringify({ id, ok: true, result })}\n`;
      process.stdout.write(text.slice(0, 9), () =>
        setImmediate(() => process.stdout.write(text.slice(9))),
      );
      return;
    }
    case "two-lines":
      process.stdout.write(`${JSON.stringify({ id, ok: true, result })}\n`.repeat(2));
      return;
    case "fatal":
      refuse(id, true);
      return;
    case "refuse":
      refuse(id, false);
      return;
    case "version":
      say({ id, ok: true, result: { protocol: 9, helper: "scripted" } });
      return;
    default:
      say({ id, ok: true, result });
  }
});
