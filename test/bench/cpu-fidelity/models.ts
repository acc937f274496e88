/** The models of the CPU table: four of microsecond operators, made here, and networks of the fixtures. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { tinyBlocks, tinyHeads, tinyProducts, wideVectors } from "./small-models.js";

/** A model by name. */
export interface BenchModel {
  readonly name: string;
  readonly bytes: () => Uint8Array;
}

const ROOT = process.cwd();

function fixture(name: string): BenchModel {
  const path = resolve(ROOT, `fixtures/models/${name}.onnx`);
  return { name, bytes: () => readFileSync(path) };
}

/** In the order of the table. Requires: the working folder is the root of the repository. */
export const BENCH_MODELS: readonly BenchModel[] = [
  { name: "tiny-products", bytes: tinyProducts },
  { name: "tiny-heads", bytes: tinyHeads },
  { name: "tiny-blocks", bytes: tinyBlocks },
  { name: "wide-vectors", bytes: wideVectors },
  fixture("squeezenet"),
  fixture("googlenet"),
  fixture("two-branch"),
  fixture("randwire-1"),
];
