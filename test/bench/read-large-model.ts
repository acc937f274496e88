/**
 * Time and memory of reading the structure of a model of 500 MB: `npm run bench:read`.
 * The weights are holes of a sparse file: reading skips them, so they need not be on the disk.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readModel } from "../../dist/onnx/read-model.js";
import { unwrap } from "./fixture-models.js";
import { writeLargeModel } from "./large-model.js";

const WEIGHTS = 50;
const WEIGHT_BYTES = 10_000_000;
const RUNS = 7;

/** One reading in a process of its own. */
interface Reading {
  readonly ms: number;
  readonly residentBytes: number;
  readonly nodes: number;
}

const [, , flag, given] = process.argv;
if (flag === "--read" && given !== undefined) {
  console.log(JSON.stringify(read(given)));
} else {
  readOften();
}

function read(path: string): Reading {
  const start = process.hrtime.bigint();
  const model = unwrap(readModel(path));
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  const residentBytes = process.resourceUsage().maxRSS * 1024;
  return { ms, residentBytes, nodes: model.graph.nodes.length };
}

function readOften(): void {
  const folder = mkdtempSync(join(tmpdir(), "top-compile-bench-"));
  try {
    const path = join(folder, "large.onnx");
    writeLargeModel(path, WEIGHTS, WEIGHT_BYTES);
    const readings = Array.from({ length: RUNS }, (): Reading => {
      const argv = [import.meta.filename, "--read", path];
      return JSON.parse(execFileSync(process.execPath, argv, { encoding: "utf8" }));
    });
    const middle = (of: (reading: Reading) => number): number =>
      readings.map(of).sort((a, b) => a - b)[RUNS >> 1]!;
    const mb = (WEIGHTS * WEIGHT_BYTES) / 1e6;
    console.log(
      `model of ${mb} MB, ${readings[0]!.nodes} nodes, read ${RUNS} times in new processes`,
    );
    console.log(`time     ${middle(({ ms }) => ms).toFixed(1)} ms (median)`);
    const resident = middle(({ residentBytes }) => residentBytes) / 1e6;
    console.log(`resident ${resident.toFixed(0)} MB (median of the peaks, Node included)`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
