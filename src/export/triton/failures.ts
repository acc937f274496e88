import type { Failure } from "../../core/failure.js";

/** Something that no configuration of Triton says. */
export function tritonCannot(where: string, message: string): Failure {
  return {
    code: "export-triton-impossible",
    where,
    message,
    hint: "docs/exports.md says what Triton takes; top-compile export --help lists other formats",
    exit: 1,
  };
}
