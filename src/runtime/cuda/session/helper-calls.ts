import type { Result } from "../../../core/result.js";
import type { CallOptions } from "../client/gpu-helper.js";
import type { HelperOp, RequestOf, ResultOf } from "../client/protocol.js";

/** The calls of the native helper that a session makes. */
export interface HelperCalls {
  call<O extends HelperOp>(
    op: O,
    request: RequestOf<O>,
    options?: CallOptions,
  ): Promise<Result<ResultOf<O>>>;
}
