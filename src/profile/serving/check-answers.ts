/** Answers of a server against the whole model, run alone for one request. */
import { present } from "../../core/invariant.js";
import { ok, type Result } from "../../core/result.js";
import { writeWholeModel } from "../../onnx/extract-submodel.js";
import { numbersOf } from "../../runtime/compare-outputs.js";
import { bindSession, createSession, loadOnnxRuntime } from "../../runtime/onnx-runtime.js";
import type { KeptAnswer, ServedModel } from "../../runtime/serving/serving-plan.js";
import type { TensorData } from "../../runtime/tensor-data.js";
import type { BatchLowering } from "./served-model.js";

/** How far answers are from the model's. */
export interface AnswerCheck {
  /** Answers that were compared. */
  readonly compared: number;
  /** The largest difference over the largest element of its output. */
  readonly largest: number;
  /** The model that it is of; absent: all answers are the same numbers. */
  readonly model?: string;
}

type Outputs = ReadonlyMap<string, TensorData>;

/**
 * Compares answers with what the models give for the same inputs alone.
 *
 * Fails: as running the models does. Cost: a session of each model, and a run for each set of inputs.
 */
export async function checkAnswers(
  lowered: readonly (readonly BatchLowering[])[],
  models: readonly ServedModel[],
  answers: readonly KeptAnswer[],
): Promise<Result<AnswerCheck>> {
  let largest = 0;
  let worst: string | undefined;
  for (const [at, model] of models.entries()) {
    const own = answers.filter((each) => each.model === at);
    if (own.length === 0) {
      continue;
    }
    const wanted = await referencesOf(present(lowered[at]?.[0], "lowered model"), model);
    if (!wanted.ok) {
      return wanted;
    }
    for (const { request, outputs } of own) {
      const reference = present(wanted.value[request % wanted.value.length], "reference");
      const distance = distanceOf(reference, outputs);
      if (!(distance <= largest)) {
        largest = distance;
        worst = model.name;
      }
    }
  }
  const compared = answers.length;
  return ok({ compared, largest, ...(worst === undefined ? {} : { model: worst }) });
}

async function referencesOf(
  { lowered }: BatchLowering,
  { one, feeds }: ServedModel,
): Promise<Result<readonly Outputs[]>> {
  const runtime = await loadOnnxRuntime();
  const model = runtime.ok ? writeWholeModel(lowered) : runtime;
  if (!runtime.ok || !model.ok) {
    return model as Result<never>;
  }
  const { path } = lowered.model;
  const session = await createSession(runtime.value, model.value, {}, path);
  if (!session.ok) {
    return session;
  }
  const references: Outputs[] = [];
  for (const set of feeds) {
    const given = new Map(
      one.inputs.map(({ name, elementType, dims }) => {
        const bytes = Uint8Array.from(present(set.get(name), `input ${name}`));
        return [name, { elementType, dims, bytes }] as const;
      }),
    );
    const ran = await bindSession(runtime.value, session.value, given, path).run();
    if (!ran.ok) {
      await session.value.release();
      return ran;
    }
    // The next run may use the memory again.
    references.push(
      new Map([...ran.value].map(([name, data]) => [name, { ...data, bytes: data.bytes.slice() }])),
    );
  }
  await session.value.release();
  return ok(references);
}

/** The largest difference of two answers, over the largest element of the reference's output. */
function distanceOf(reference: Outputs, answer: ReadonlyMap<string, Uint8Array>): number {
  let distance = 0;
  for (const [name, bytes] of answer) {
    const wanted = present(reference.get(name), `output ${name}`);
    if (wanted.bytes.length !== bytes.length) {
      return Number.POSITIVE_INFINITY;
    }
    if (Buffer.compare(wanted.bytes, bytes) === 0) {
      continue;
    }
    const [a, b] = [numbersOf(wanted), numbersOf({ ...wanted, bytes })];
    let scale = 0;
    let gap = 0;
    for (let at = 0; at < a.length; at++) {
      const [x, y] = [a[at] ?? 0, b[at] ?? 0];
      scale = Math.max(scale, Number.isFinite(x) ? Math.abs(x) : 0);
      const isSame = x === y || (Number.isNaN(x) && Number.isNaN(y));
      gap = Math.max(gap, isSame ? 0 : toInfinity(Math.abs(x - y)));
    }
    distance = Math.max(distance, gap === 0 ? 0 : gap / scale);
  }
  return distance;
}

function toInfinity(gap: number): number {
  return Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap;
}
