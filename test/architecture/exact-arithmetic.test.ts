/**
 * The same bytes on every version of Node: the language leaves the last bit of some functions of `Math`
 * open, so that each use of one is known.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

const SRC = resolve(import.meta.dirname, "../../src");

/** Functions that IEEE 754 does not define to the last bit, or that follow the locale. */
const OPEN =
  /\bMath\.(?:exp|expm1|log|log1p|log2|log10|pow|cbrt|hypot|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh)\b|\.(?:toLocale\w*|localeCompare)\(/;

/** Files that use them, and why nothing that is compared depends on the last bit. */
const KNOWN: Readonly<Record<string, string>> = {
  "core/format.ts": "the unit of bytes in texts for people",
  "kernels/groups/call-functions.ts":
    "functions that differ by more, and their numbers, rounded to seven digits",
  "kernels/groups/known-functions.ts": "functions that differ by more than the last bit",
  "kernels/language/evaluate.ts": "the same",
  "onnx/operators/elements.ts": "constants of a model that are folded: docs/artifact-format.md",
  "onnx/work/classic.ts": "formulas of work, rounded to whole operations",
  "onnx/work/reductions.ts": "the same",
  "profile/serving/measure-serving.ts": "when requests come while times are measured",
};

it("is not left to the engine but where that is known", () => {
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const using = files.filter((name) => {
    const source = readFileSync(join(SRC, name), "utf8");
    return OPEN.test(source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ""));
  });
  expect(using.sort()).toEqual(Object.keys(KNOWN).sort());
});
