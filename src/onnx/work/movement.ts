/** Operators that only move, convert or make elements: no operations, all bytes. */
import type { WorkRule } from "./work-rule.js";

/** No arithmetic: elements are moved, converted or chosen. */
export const none: WorkRule = { formula: "0", flops: () => 0 };
