/**
 * Hand-written placements of a model: the operators of each device, by name or pattern. Durations,
 * memory and dependencies are not stated; they follow from the model and its profile.
 */
import { list, object, optional } from "../core/json-containers.js";
import {
  type DocumentKind,
  type DocumentWording,
  defineDocument,
  parseDocument,
} from "../core/json-document.js";
import { integer, type JsonProblem, number, text } from "../core/json-shape.js";
import type { Result } from "../core/result.js";
import { stagePlacementInvalid } from "./failures.js";

/** A device of a pipeline. */
export interface PipelineDevice {
  readonly name: string;
  /** Times as fast as the device that operators were measured on; > 0. */
  readonly speed: number;
  /** In bytes; `undefined` is unlimited. */
  readonly memoryBytes: number | undefined;
}

/** A stage that names its operators. */
export interface StageBlockSpec {
  readonly id: string;
  /** Positions in `StageSpec.devices`: ascending, unique, at least one. */
  readonly devices: readonly number[];
  /** Names of operators, or patterns with `*` and `?`. */
  readonly operators: readonly string[];
  /** Share of its devices' speed that a stage on several of them reaches, in (0, 1]. */
  readonly efficiency: number | undefined;
}

/** A hand-written placement of a model. */
export interface StageSpec {
  readonly devices: readonly PipelineDevice[];
  readonly blocks: readonly StageBlockSpec[];
}

const MAX_DEVICES = 512;
const MAX_BLOCKS = 1024;
/** Names and patterns of one block. */
const MAX_ENTRIES = 65_536;
const MAX_MEMORY = 2 ** 41;

interface SpecFile {
  readonly devices: readonly {
    readonly name: string;
    readonly speed: number;
    readonly memory?: number;
  }[];
  readonly blocks: readonly {
    readonly id: string;
    readonly devices: readonly string[];
    readonly operators: readonly string[];
    readonly efficiency?: number;
  }[];
}

/** The file format `top-compile/stage-placement`, version 1. */
export const STAGE_PLACEMENT_KIND: DocumentKind<SpecFile> = defineDocument<SpecFile>(
  {
    format: "top-compile/stage-placement",
    version: 1,
    description:
      "Which device runs which operators of a model. Durations, memory and dependencies follow from the model and its profile.",
  },
  {
    devices: list(
      object<SpecFile["devices"][number]>({
        name: text(),
        speed: optional(
          number(1e-6, 1e6).describe(
            "Times as fast as the device that the operators were measured on; 1 if absent.",
          ),
          1,
        ),
        memory: optional(integer(0, MAX_MEMORY).describe("Bytes; no limit if absent.")),
      }),
      MAX_DEVICES,
      1,
    ),
    blocks: list(
      object<SpecFile["blocks"][number]>({
        id: text(),
        devices: list(text(), MAX_DEVICES, 1).describe(
          "Names of devices. A block on several runs on all of them at once.",
        ),
        operators: list(text(65_536), MAX_ENTRIES, 1).describe(
          "Names of operators, or patterns with * and ?. A name beats a pattern.",
        ),
        efficiency: optional(
          number(1e-6, 1).describe(
            "Speed of a block on several devices per speed of them all; --tensor-efficiency if absent.",
          ),
        ),
      }),
      MAX_BLOCKS,
      1,
    ),
  },
);

/**
 * Reads a `top-compile/stage-placement` document.
 *
 * Fails: `stage-placement-invalid` once per problem, with its JSON pointer, at most fifty.
 */
export function parseStageSpec(source: string, file: string): Result<StageSpec> {
  const invalid = (problem: JsonProblem) => stagePlacementInvalid(file, problem);
  const wording: DocumentWording = {
    notJson: (reason) => invalid({ pointer: "", message: `is not JSON: ${reason}` }),
    invalid,
  };
  return parseDocument(source, STAGE_PLACEMENT_KIND, resolve, wording);
}

function resolve(spec: SpecFile, problems: JsonProblem[]): StageSpec {
  const deviceOf = new Map<string, number>();
  spec.devices.forEach(({ name }, at) => {
    if (deviceOf.has(name)) {
      problems.push({ pointer: `/devices/${at}/name`, message: `"${name}" is there already` });
    }
    deviceOf.set(name, at);
  });
  const ids = new Set<string>();
  const blocks = spec.blocks.map((block, at): StageBlockSpec => {
    if (ids.has(block.id)) {
      problems.push({ pointer: `/blocks/${at}/id`, message: `"${block.id}" is there already` });
    }
    ids.add(block.id);
    const devices = block.devices.flatMap((name, i) => {
      const device = deviceOf.get(name);
      if (device === undefined) {
        const message = `"${name}" is not the name of a device`;
        problems.push({ pointer: `/blocks/${at}/devices/${i}`, message });
      }
      return device ?? [];
    });
    const unique = [...new Set(devices)].sort((a, b) => a - b);
    return { ...block, devices: unique, efficiency: block.efficiency };
  });
  const devices = spec.devices.map(
    ({ name, speed, memory }): PipelineDevice => ({ name, speed, memoryBytes: memory }),
  );
  return { devices, blocks };
}
