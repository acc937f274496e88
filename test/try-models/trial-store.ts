import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { StepResult } from "./steps.js";

/** The kept results of models that one build of the program was tried on: one line of JSON each. */
export class TrialStore {
  readonly #file: string;
  readonly #results: Map<string, readonly StepResult[]>;

  constructor(cache: string, build: string) {
    this.#file = join(cache, `results-${build}.jsonl`);
    const lines = existsSync(this.#file) ? readFileSync(this.#file, "utf8").split("\n") : [];
    this.#results = new Map(lines.filter((line) => line !== "").map((line) => JSON.parse(line)));
  }

  /** The results of the model with this digest; `undefined`: it was not tried. */
  get(sha256: string): readonly StepResult[] | undefined {
    return this.#results.get(sha256);
  }

  /** Keeps the results of a model. */
  set(sha256: string, results: readonly StepResult[]): void {
    this.#results.set(sha256, results);
    appendFileSync(this.#file, `${JSON.stringify([sha256, results])}\n`);
  }
}

/** A digest of everything in a folder of compiled code: results of another build are not taken. */
export function buildDigest(folder: string): string {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => name.endsWith(".js")).sort()) {
    hash.update(file).update(readFileSync(join(folder, file)));
  }
  return hash.digest("hex").slice(0, 16);
}
