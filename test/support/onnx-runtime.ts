import { loadOnnxRuntime, type OnnxRuntime } from "../../src/runtime/onnx-runtime.js";

const loaded = await loadOnnxRuntime();

/** Why tests that execute models are skipped; `undefined`: they are not. */
export const SKIP_REASON: string | undefined = loaded.ok ? undefined : loaded.error[0].message;

/** ONNX Runtime, for tests that are not skipped. */
export function onnxRuntime(): OnnxRuntime {
  if (!loaded.ok) {
    throw new Error(loaded.error[0].message);
  }
  return loaded.value;
}
