/**
 * Shapes and types from ONNX Runtime, without weights.
 *
 * The model is opened with its weights turned into inputs and with every wanted value appended as
 * an output that has only a name; the session then reports the shape it inferred. `disabled` optimization
 * is quick and keeps every value; `basic` also folds constants, which some shapes need. An empty
 * shape means "scalar" and "unknown rank" alike there, so those values are settled by a dump of the
 * optimized model, where an unknown rank has no shape at all; what is optimized away stays open.
 *
 * A model that ONNX Runtime refuses (unknown operators, one invalid node) yields nothing: the oracle
 * never fails, it only knows less.
 */
import { join } from "node:path";
import type { ElementType } from "../ir/element-type.js";
import type { ShapeOracle, TensorType } from "../onnx/lowered-model.js";
import type { OnnxModel } from "../onnx/model.js";
import { readModel } from "../onnx/read-model.js";
import { writeWeightlessModel } from "../onnx/weightless-model.js";
import {
  createSession,
  loadOnnxRuntime,
  type OnnxRuntime,
  type RuntimeValue,
  type SessionOptions,
} from "./onnx-runtime.js";
import { temporaryFolder } from "./temporary-folder.js";

/** Skips kernel look-up, so that models without CPU kernels still report their shapes. */
const COMPILE_ONLY = { compile_only: "1" };

/** The shapes that ONNX Runtime infers for the wanted values. */
export const ortShapeOracle: ShapeOracle = async (model, inputs, wanted) => {
  const runtime = await loadOnnxRuntime();
  if (!runtime.ok) {
    return new Map();
  }
  const known = new Map<string, TensorType>();
  const scalars = new Set<string>();
  for (const level of ["disabled", "basic"] as const) {
    const open = wanted.filter((name) => !known.has(name));
    if (open.length > 0) {
      const question = { runtime: runtime.value, model, inputs, wanted: open };
      await askByOutputs(question, { level, extra: COMPILE_ONLY }, known, scalars);
    }
  }
  const unsettled = [...scalars].filter((name) => !known.has(name));
  if (unsettled.length > 0) {
    await askByDump({ runtime: runtime.value, model, inputs, wanted: unsettled }, known);
  }
  return known;
};

interface Question {
  readonly runtime: OnnxRuntime;
  readonly model: OnnxModel;
  readonly inputs: ReadonlyMap<string, TensorType>;
  readonly wanted: readonly string[];
}

async function askByOutputs(
  { runtime, model, inputs, wanted }: Question,
  options: SessionOptions,
  known: Map<string, TensorType>,
  scalars: Set<string>,
): Promise<void> {
  const bytes = writeWeightlessModel(model, inputs, wanted, "as-outputs");
  if (!bytes.ok) {
    return;
  }
  const session = await createSession(runtime, bytes.value, options, model.path);
  if (!session.ok) {
    return;
  }
  const asked = new Set(wanted);
  for (const value of session.value.outputMetadata) {
    if (!asked.has(value.name)) {
      continue;
    }
    if (value.isTensor && value.shape?.length === 0) {
      scalars.add(value.name);
    }
    const type = typeOf(value);
    if (type !== undefined) {
      known.set(value.name, type);
    }
  }
  await session.value.release();
}

/** Static types only; an empty shape means unknown. */
function typeOf({ isTensor, type, shape }: RuntimeValue): TensorType | undefined {
  const dims = (shape ?? []).filter((size) => typeof size === "number" && size >= 0) as number[];
  if (!isTensor || type === undefined || dims.length === 0 || dims.length !== shape?.length) {
    return undefined;
  }
  return { elementType: type as ElementType, dims };
}

async function askByDump(
  { runtime, model, inputs, wanted }: Question,
  known: Map<string, TensorType>,
): Promise<void> {
  const bytes = writeWeightlessModel(model, inputs, wanted, "as-value-info");
  if (!bytes.ok) {
    return;
  }
  const folder = temporaryFolder("top-compile-shapes");
  if (!folder.ok) {
    return;
  }
  try {
    const path = join(folder.value.path, "dump.onnx");
    const options = {
      level: "basic",
      optimizedModel: { path, weightsFile: "dump.bin" },
    } as const;
    const session = await createSession(runtime, bytes.value, options, model.path);
    if (!session.ok) {
      return;
    }
    await session.value.release();
    const dump = readModel(path);
    const values = dump.ok ? [...dump.value.graph.valueInfo, ...dump.value.graph.outputs] : [];
    const asked = new Set(wanted);
    for (const { name, elementType, dims } of values) {
      if (asked.has(name) && elementType !== undefined && dims !== undefined) {
        const sizes = dims.filter((size) => typeof size === "number");
        if (sizes.length === dims.length) {
          known.set(name, { elementType, dims: sizes });
        }
      }
    }
  } finally {
    folder.value.remove();
  }
}
