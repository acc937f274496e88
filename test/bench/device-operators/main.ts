/**
 * Operator cases on the GPU against ONNX Runtime on the CPU, without a test runner: for machines that have none.
 *
 *     tsc -p test/bench/device-operators && node build/test/bench/device-operators/main.js [FOLDER [EVERY]]
 *
 * FOLDER/operators.json (build unless given) is written after every case. With EVERY, each EVERYth case is run, so
 * that a few are of all families. The status is 1 when one differs or fails, 4 where there is no GPU.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { outputDistance } from "../../../src/profile/gpu/check-gpu-outputs.js";
import { buildHelper } from "../../../src/runtime/cuda/client/build-helper.js";
import { type GpuHelper, startGpuHelper } from "../../../src/runtime/cuda/client/gpu-helper.js";
import { libraryArguments } from "../../../src/runtime/cuda/client/obtain-helper.js";
import { DEVICE_CASES } from "../../support/device-operator-cases.js";
import { OperatorBatch, type PreparedCase, prepareCase } from "../../support/operator-batch.js";
import type { OracleCase } from "../../support/operator-oracle.js";

/** By norms; the GPU's and the CPU's elementary functions differ in their last bits. */
const TOLERANCE = 1e-4;
/** The cases that are compiled together: a failure costs no more than these. */
const GROUP = 50;

const root = resolve(import.meta.dirname, "../../../..");
const [, , folder = "build", every = "1"] = process.argv;

/** A case that is not as it should be: by how much, or why. */
interface OddCase {
  readonly title: string;
  readonly distance?: number;
  readonly failed?: string;
}

const odd: OddCase[] = [];
let done = 0;

process.exitCode = await main();

async function main(): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const cases = DEVICE_CASES.filter((_, at) => at % Number(every) === 0);
  for (let start = 0; start < cases.length; start += GROUP) {
    const helper = await startHelper();
    if (helper === undefined) {
      return 4;
    }
    await runGroup(helper, cases.slice(start, start + GROUP), cases.length);
    await helper.close();
  }
  console.log(`${done} operator cases, ${odd.length} not as ONNX Runtime has them`);
  return odd.length === 0 ? 0 : 1;
}

async function startHelper(): Promise<GpuHelper | undefined> {
  const { env } = process;
  const kept = { folder: join(root, "build/native"), env, sources: join(root, "native") };
  const built = await buildHelper(kept);
  const args = libraryArguments(env);
  const helper = built.ok
    ? await startGpuHelper({ program: { path: built.value.path, args, env } })
    : built;
  if (!helper.ok) {
    console.error(`${helper.error[0].code}: ${helper.error[0].message}`);
    return undefined;
  }
  return helper.value;
}

async function runGroup(
  helper: GpuHelper,
  cases: readonly OracleCase[],
  total: number,
): Promise<void> {
  const side = mkdtempSync(join(tmpdir(), "device-operators-"));
  try {
    const prepared: PreparedCase[] = [];
    for (const each of cases) {
      prepared.push(await prepareCase(each));
    }
    const batch = await OperatorBatch.open(helper, prepared, side);
    for (const each of prepared) {
      await runCase(batch, each, total);
    }
  } catch (error) {
    tell({ title: `${cases[0]?.type} and ${cases.length - 1} more`, failed: String(error) }, total);
  } finally {
    rmSync(side, { recursive: true, force: true });
  }
}

async function runCase(batch: OperatorBatch, each: PreparedCase, total: number): Promise<void> {
  done++;
  try {
    const outputs = await batch.run(each);
    const distance = outputDistance(each.program.model.lowered, outputs, each.reference);
    tell(distance < TOLERANCE ? undefined : { title: each.title, distance }, total);
  } catch (error) {
    tell({ title: each.title, failed: String(error) }, total);
  }
}

function tell(problem: OddCase | undefined, total: number): void {
  if (problem !== undefined) {
    odd.push(problem);
    console.log(JSON.stringify(problem));
  }
  const report = { cases: total, done, tolerance: TOLERANCE, odd };
  writeFileSync(join(folder, "operators.json"), `${JSON.stringify(report, undefined, 1)}\n`);
}
