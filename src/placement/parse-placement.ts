/**
 * Placement specifications: JSON in, `Placement` out, with every problem and its place.
 *
 * First the document is read field by field, then names are resolved and the whole is checked:
 * names unique, references known, dependencies without a cycle, numbers small enough that sums of
 * them stay exact.
 */
import { distinct, list, object, optional, unless } from "../core/json-containers.js";
import {
  type DocumentKind,
  type DocumentWording,
  defineDocument,
  documentJson,
  encodeDocument,
  parseDocument,
  readDocument,
} from "../core/json-document.js";
import { integer, type JsonProblem, oneOf, text } from "../core/json-shape.js";
import type { Result } from "../core/result.js";
import type { Json } from "../core/stable-json.js";
import { placementInvalid, placementNotJson } from "./failures.js";
import { limitMemory } from "./limit-memory.js";
import type { Block, BlockKind, Dependency, Device, Placement } from "./placement.js";

interface DeviceSpec {
  readonly name: string;
  readonly memory?: number;
}

interface BlockSpec {
  readonly id: string;
  readonly kind: BlockKind;
  readonly devices: readonly string[];
  readonly duration: number;
  readonly memory: number;
  readonly workspace: number;
  readonly operators: readonly string[];
}

interface DependencySpec {
  readonly from: string;
  readonly to: string;
  readonly latency: number;
}

interface PlacementSpec {
  readonly timeUnit: "ns" | "step";
  readonly devices: readonly DeviceSpec[];
  readonly blocks: readonly BlockSpec[];
  readonly dependencies: readonly DependencySpec[];
  readonly memoryRelease: "start" | "end";
}

/** Longest placement that is read, by blocks or by stages: the names of 250,000 operators take a third of it. */
export const MAX_PLACEMENT_BYTES: number = 64 << 20;

/** Durations and latencies of a placement together: 2^40 ns is 18 minutes for one micro-batch. */
const MAX_TIME = 2 ** 40;

/** Memory and workspace that the blocks of one device name, together: 2 TiB when the unit is a byte. */
const MAX_MEMORY = 2 ** 41;

/** More blocks than any pipeline has; quadratic checks stay quick. */
const MAX_BLOCKS = 4096;

const NAME = text().named("name");

/** The file format `top-compile/placement`, version 1. */
export const PLACEMENT_KIND: DocumentKind<PlacementSpec> = defineDocument<PlacementSpec>(
  {
    format: "top-compile/placement",
    version: 1,
    description:
      "Blocks on devices, with durations, memory and dependencies: one micro-batch of a pipeline. What a schema cannot say is in docs/placement-format.md: names are unique and known, dependencies make no cycle, sums stay within limits.",
  },
  {
    timeUnit: optional(
      oneOf("ns", "step").describe("Of durations and latencies: nanoseconds, or an abstract unit."),
      "ns",
    ),
    devices: list(
      object<DeviceSpec>({
        name: NAME,
        memory: optional(integer(0, MAX_MEMORY).describe("Limit; absent: none.")),
      }),
      MAX_BLOCKS,
      1,
    ),
    blocks: list(
      object<BlockSpec>({
        id: NAME,
        kind: optional(oneOf("forward", "backward", "weight", "other"), "other"),
        devices: distinct(list(NAME, MAX_BLOCKS, 1)).describe("It occupies all of them."),
        duration: integer(1, MAX_TIME),
        memory: optional(
          integer(-MAX_MEMORY, MAX_MEMORY).describe("Lasting change on each of its devices."),
          0,
        ),
        workspace: unless(
          0,
          integer(0, MAX_MEMORY).describe("Held on each of its devices only while it runs."),
        ),
        operators: unless<readonly string[]>(
          [],
          list(text(65_536)).describe("Operators of the model that it stands for."),
        ),
      }),
      MAX_BLOCKS,
      1,
    ),
    dependencies: optional(
      list(
        object<DependencySpec>({
          from: NAME,
          to: NAME,
          latency: unless(
            0,
            integer(0, MAX_TIME).describe(
              "Least time from the end of `from` to the start of `to`.",
            ),
          ),
        }),
        MAX_BLOCKS * 64,
      ),
      [],
    ),
    memoryRelease: optional(
      oneOf("start", "end").describe(
        "When negative memory is given back: at the block's start or at its end.",
      ),
      "end",
    ),
  },
);

/**
 * Reads a placement; `memory`, when given, replaces the limit of every device.
 *
 * Fails: `placement-not-json`; `placement-invalid`, once per problem with its JSON pointer, at most
 * fifty; then what `limitMemory` fails with. Cost: O(blocks + dependencies).
 */
export function parsePlacement(
  source: string,
  file: string = "placement",
  memory?: number,
): Result<Placement> {
  const placement = parseDocument(source, PLACEMENT_KIND, resolve, wordingFor(file));
  return placement.ok ? limitMemory(placement.value, file, memory) : placement;
}

/**
 * Reads a placement from a JSON value at `within`, a JSON pointer, of a file; otherwise as
 * `parsePlacement` does from text.
 *
 * Fails: as `parsePlacement`, without `placement-not-json`.
 */
export function readPlacement(
  value: unknown,
  file: string = "placement",
  within: string = "",
): Result<Placement> {
  const placement = readDocument(value, PLACEMENT_KIND, resolve, wordingFor(file, within));
  return placement.ok ? limitMemory(placement.value, file) : placement;
}

function wordingFor(file: string, within: string = ""): DocumentWording {
  return {
    notJson: (reason) => placementNotJson(file, reason),
    invalid: ({ pointer, message }) =>
      placementInvalid(file, { pointer: `${within}${pointer}`, message }),
  };
}

function resolve(spec: PlacementSpec, problems: JsonProblem[]): Placement | undefined {
  const deviceOf = positions(
    spec.devices.map(({ name }) => name),
    "/devices",
    "name",
    problems,
  );
  const blockOf = positions(
    spec.blocks.map(({ id }) => id),
    "/blocks",
    "id",
    problems,
  );
  const devices: Device[] = spec.devices.map(({ name, memory }) => ({ name, memory }));
  const blocks = spec.blocks.map((block, at): Block => {
    const found = block.devices.flatMap((name, i) => {
      const device = deviceOf.get(name);
      if (device === undefined) {
        const message = `"${name}" is not the name of a device`;
        problems.push({ pointer: `/blocks/${at}/devices/${i}`, message });
      }
      return device ?? [];
    });
    return { ...block, devices: found.sort((a, b) => a - b) };
  });
  const dependencies = resolveDependencies(spec, blockOf, problems);
  checkSums(spec, problems);
  if (problems.length > 0) {
    return undefined;
  }
  const cycle = findCycle(blocks.length, dependencies);
  if (cycle !== undefined) {
    const names = cycle.map((block) => `"${blocks[block]?.id}"`).join(" -> ");
    problems.push({ pointer: "/dependencies", message: `make a cycle: ${names}` });
    return undefined;
  }
  const { timeUnit, memoryRelease } = spec;
  return { timeUnit, devices, blocks, dependencies, memoryRelease };
}

/** Sums stay small enough that every time and memory of up to 2^12 micro-batches is exact. */
function checkSums(spec: PlacementSpec, problems: JsonProblem[]): void {
  const time =
    spec.blocks.reduce((sum, { duration }) => sum + duration, 0) +
    spec.dependencies.reduce((sum, { latency }) => sum + latency, 0);
  if (time > MAX_TIME) {
    const message = `durations and latencies add up to ${time}, more than ${MAX_TIME}`;
    problems.push({ pointer: "/blocks", message });
  }
  const held = new Map<string, number>();
  for (const block of spec.blocks) {
    for (const name of block.devices) {
      held.set(name, (held.get(name) ?? 0) + Math.abs(block.memory) + block.workspace);
    }
  }
  spec.devices.forEach(({ name }, at) => {
    const sum = held.get(name) ?? 0;
    if (sum > MAX_MEMORY) {
      const message = `memory of its blocks adds up to ${sum}, more than ${MAX_MEMORY}`;
      problems.push({ pointer: `/devices/${at}`, message });
    }
  });
}

function positions(
  names: readonly string[],
  pointer: string,
  key: string,
  problems: JsonProblem[],
): ReadonlyMap<string, number> {
  const result = new Map<string, number>();
  names.forEach((name, at) => {
    if (result.has(name)) {
      problems.push({ pointer: `${pointer}/${at}/${key}`, message: `"${name}" is there already` });
    } else {
      result.set(name, at);
    }
  });
  return result;
}

/** Dependencies between known blocks; of several between the same two the longest latency counts. */
function resolveDependencies(
  spec: PlacementSpec,
  blockOf: ReadonlyMap<string, number>,
  problems: JsonProblem[],
): Dependency[] {
  const result = new Map<string, Dependency>();
  spec.dependencies.forEach((dependency, at) => {
    const ends = (["from", "to"] as const).map((end) => {
      const block = blockOf.get(dependency[end]);
      if (block === undefined) {
        const message = `"${dependency[end]}" is not the id of a block`;
        problems.push({ pointer: `/dependencies/${at}/${end}`, message });
      }
      return block;
    });
    const [from, to] = ends;
    if (from === undefined || to === undefined) {
      return;
    }
    if (from === to) {
      problems.push({ pointer: `/dependencies/${at}`, message: "goes from a block to itself" });
      return;
    }
    const key = `${from} ${to}`;
    const latency = Math.max(dependency.latency, result.get(key)?.latency ?? 0);
    result.set(key, { from, to, latency });
  });
  return [...result.values()].sort((a, b) => a.from - b.from || a.to - b.to);
}

/** The blocks of one cycle, the first repeated at the end; `undefined` when there is none. */
function findCycle(
  count: number,
  dependencies: readonly Dependency[],
): readonly number[] | undefined {
  const next: number[][] = Array.from({ length: count }, () => []);
  const missing = new Int32Array(count);
  for (const { from, to } of dependencies) {
    next[from]?.push(to);
    missing[to] = (missing[to] ?? 0) + 1;
  }
  const ready = [...missing.keys()].filter((block) => missing[block] === 0);
  for (let at = 0; at < ready.length; at++) {
    for (const to of next[ready[at] ?? 0] ?? []) {
      missing[to] = (missing[to] ?? 0) - 1;
      if (missing[to] === 0) {
        ready.push(to);
      }
    }
  }
  if (ready.length === count) {
    return undefined;
  }
  const previous = new Map<number, number>();
  for (const { from, to } of dependencies) {
    if ((missing[from] ?? 0) > 0 && (missing[to] ?? 0) > 0) {
      previous.set(to, from);
    }
  }
  const seen: number[] = [];
  let at = missing.findIndex((left) => left > 0);
  while (!seen.includes(at)) {
    seen.push(at);
    at = previous.get(at) ?? at;
  }
  return [...seen.slice(seen.indexOf(at)), at].reverse();
}

/**
 * The text of a placement: what `parsePlacement` reads back as the same placement.
 *
 * Throws `InternalError` for a placement that it would refuse.
 */
export function encodePlacement(placement: Placement): string {
  return encodeDocument(specOf(placement), PLACEMENT_KIND, resolve);
}

/** The JSON value of a placement, keys in the order of the format; throws as `encodePlacement`. */
export function placementJson(placement: Placement): Json {
  return documentJson(specOf(placement), PLACEMENT_KIND, resolve);
}

/** The first field of the format in which two placements differ; `undefined`: they are the same. */
export function placementDifference(one: Placement, other: Placement): string | undefined {
  const [a, b] = [specOf(one), specOf(other)];
  const keys = Object.keys(a) as (keyof PlacementSpec)[];
  return keys.find((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]));
}

/** A placement with names instead of positions, as a file has it. */
function specOf(placement: Placement): PlacementSpec {
  const deviceName = (device: number): string => placement.devices[device]?.name ?? "";
  const blockId = (block: number): string => placement.blocks[block]?.id ?? "";
  return {
    timeUnit: placement.timeUnit,
    devices: placement.devices.map(({ name, memory }) => ({
      name,
      ...(memory === undefined ? {} : { memory }),
    })),
    blocks: placement.blocks.map(
      ({ id, kind, devices, duration, memory, workspace, operators }) => ({
        id,
        kind,
        devices: devices.map(deviceName),
        duration,
        memory,
        workspace,
        operators,
      }),
    ),
    dependencies: placement.dependencies.map(({ from, to, latency }) => ({
      from: blockId(from),
      to: blockId(to),
      latency,
    })),
    memoryRelease: placement.memoryRelease,
  };
}
