import { fail, type Result } from "../../core/result.js";
import { shapeOptionInvalid, shapeUnknown } from "../failures.js";
import { limitMemory } from "../limit-memory.js";
import type { Placement } from "../placement.js";
import { NAMED_SHAPES } from "./named-shapes.js";
import { buildPlacement } from "./shape-builder.js";

/** Options of a named shape; absent: the shape's own default. */
export interface ShapeOptions {
  readonly devices: number;
  /** Default `train`. */
  readonly mode?: "train" | "infer";
  readonly forward?: number;
  readonly backward?: number;
  /** Only for shapes with weight blocks; with it `interleaved-1f1b` has them too. */
  readonly weight?: number;
  /** Only for `interleaved-1f1b`. */
  readonly chunks?: number;
  /** Of dependencies between blocks without a common device; default 0. */
  readonly latency?: number;
  /** Limit of every device; default none. */
  readonly memory?: number;
  /** Default `start`, as in Tessel. */
  readonly memoryRelease?: "start" | "end";
}

/** Names of all shapes. */
export const SHAPE_NAMES: readonly string[] = [...NAMED_SHAPES.keys()];

const MAX_DEVICES = 512;

/** The same limit as for a placement file. */
const MAX_BLOCKS = 4096;

/**
 * The placement of a named shape, in abstract steps.
 *
 * Fails: `shape-unknown`, `shape-option-invalid`; `block-too-large` under a memory limit.
 */
export function buildShape(name: string, options: ShapeOptions): Result<Placement> {
  const shape = NAMED_SHAPES.get(name);
  if (shape === undefined) {
    return fail([shapeUnknown(name, SHAPE_NAMES)]);
  }
  const { devices } = options;
  const refuse = (option: string, what: string): Result<never> =>
    fail([shapeOptionInvalid(name, option, what)]);
  if (devices < shape.least || devices > MAX_DEVICES || (shape.even && devices % 2 !== 0)) {
    const kind = shape.even ? "an even number" : "a number";
    return refuse(`--devices ${devices}`, `needs ${kind} from ${shape.least} to ${MAX_DEVICES}`);
  }
  if (options.chunks !== undefined && shape.chunks === undefined) {
    return refuse(`--chunks ${options.chunks}`, "this shape has no chunks");
  }
  if (options.weight !== undefined && shape.splits === "never") {
    const what = "this shape has no weight blocks; zb-h, zb-v, dualpipe, interleaved-1f1b have";
    return refuse(`--weight ${options.weight}`, what);
  }
  const placement = buildPlacement(
    shape.steps({
      devices,
      chunks: options.chunks ?? shape.chunks ?? 1,
      times: {
        forward: options.forward ?? shape.times.forward,
        backward: options.backward ?? shape.times.backward,
        weight: options.weight ?? (shape.splits === "always" ? shape.times.weight : undefined),
      },
    }),
    {
      devices,
      mode: options.mode ?? "train",
      latency: options.latency ?? 0,
      memory: options.memory,
      memoryRelease: options.memoryRelease ?? "start",
    },
  );
  if (placement.blocks.length > MAX_BLOCKS) {
    const what = `gives ${placement.blocks.length} blocks, more than ${MAX_BLOCKS}`;
    return refuse(`--chunks ${options.chunks ?? shape.chunks}`, what);
  }
  return limitMemory(placement, `--shape ${name}`);
}
