import type { JsonProblem } from "../core/json-shape.js";
import { findCycle } from "./find-cycle.js";
import { holdsUp, lowerLinks, type Send, transferName } from "./lower-links.js";
import type { Block, Dependency, Device, Link, Placement } from "./placement.js";
import { MAX_BLOCKS, MAX_MEMORY, MAX_TIME, type PlacementSpec } from "./placement-format.js";

/**
 * The placement of a document, its links lowered to blocks; `undefined`, and what is wrong added to `problems`, where names
 * are not unique or not known, dependencies make a cycle, or sums are too large to stay exact.
 *
 * Cost: O(blocks + dependencies).
 */
export function resolvePlacement(
  spec: PlacementSpec,
  problems: JsonProblem[],
): Placement | undefined {
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
  const devices = spec.devices.map(
    ({ name, kind, memory }): Device => ({
      name,
      memory,
      ...(kind === "link" ? { isLink: true } : {}),
    }),
  );
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
  const linkOf = linkPositions(spec, deviceOf, problems);
  const { dependencies, sends } = resolveDependencies(spec, { blockOf, linkOf }, problems);
  checkTransfers(spec, sends, blockOf, problems);
  checkSums(spec, problems);
  if (problems.length > 0) {
    return undefined;
  }
  const cycle = findCycle(blocks.length, [...dependencies, ...sends]);
  if (cycle !== undefined) {
    const names = cycle.map((block) => `"${blocks[block]?.id}"`).join(" -> ");
    problems.push({ pointer: "/dependencies", message: `make a cycle: ${names}` });
    return undefined;
  }
  const { timeUnit, memoryRelease } = spec;
  return lowerLinks({ timeUnit, devices, blocks, dependencies, memoryRelease }, spec.links, sends);
}

/** Positions of links by name; devices and links have names of their own. */
function linkPositions(
  { links }: PlacementSpec,
  deviceOf: ReadonlyMap<string, number>,
  problems: JsonProblem[],
): ReadonlyMap<string, number> {
  for (const [at, { name }] of links.entries()) {
    if (deviceOf.has(name)) {
      const message = `"${name}" is the name of a device`;
      problems.push({ pointer: `/links/${at}/name`, message });
    }
  }
  return positions(
    links.map(({ name }) => name),
    "/links",
    "name",
    problems,
  );
}

/** Transfers that become blocks have room among the blocks, and names of their own. */
function checkTransfers(
  { blocks, links }: PlacementSpec,
  sends: readonly Send[],
  blockOf: ReadonlyMap<string, number>,
  problems: JsonProblem[],
): void {
  const held = sends.filter(({ link }) => holdsUp(links[link] as Link));
  const count = blocks.length + held.length;
  if (count > MAX_BLOCKS) {
    const message = `with the transfers of dependencies there are ${count} blocks, more than ${MAX_BLOCKS}`;
    problems.push({ pointer: "/blocks", message });
  }
  for (const { from, to } of held) {
    const name = transferName(blocks[from]?.id ?? "", blocks[to]?.id ?? "");
    const at = blockOf.get(name);
    if (at !== undefined) {
      const message = `"${name}" is the name of a transfer`;
      problems.push({ pointer: `/blocks/${at}/id`, message });
    } else if (name.length > MAX_NAME) {
      const message = `the name of a transfer from it has ${name.length} characters, more than ${MAX_NAME}`;
      problems.push({ pointer: `/blocks/${from}/id`, message });
    }
  }
}

/** Longest name that the file of a schedule has. */
const MAX_NAME = 4096;

/** Sums stay small enough that every time and memory of up to 2^12 micro-batches is exact. */
function checkSums(spec: PlacementSpec, problems: JsonProblem[]): void {
  const time =
    spec.blocks.reduce((sum, { duration }) => sum + duration, 0) +
    spec.dependencies.reduce((sum, { latency, transfer = 0 }) => sum + latency + transfer, 0);
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

/** Positions by name. */
interface Names {
  readonly blockOf: ReadonlyMap<string, number>;
  readonly linkOf: ReadonlyMap<string, number>;
}

/**
 * Dependencies between known blocks; of several between the same two the longest latency counts. Those over a link are
 * apart, and the only ones between their blocks.
 */
function resolveDependencies(
  spec: PlacementSpec,
  { blockOf, linkOf }: Names,
  problems: JsonProblem[],
): { readonly dependencies: readonly Dependency[]; readonly sends: readonly Send[] } {
  const plain = new Map<string, Dependency>();
  const sends = new Map<string, Send>();
  spec.dependencies.forEach((dependency, at) => {
    const pointer = `/dependencies/${at}`;
    const ends = (["from", "to"] as const).map((end) => {
      const block = blockOf.get(dependency[end]);
      if (block === undefined) {
        const message = `"${dependency[end]}" is not the id of a block`;
        problems.push({ pointer: `${pointer}/${end}`, message });
      }
      return block;
    });
    const [from, to] = ends;
    const over = overLink(dependency, linkOf, pointer, problems);
    if (from === undefined || to === undefined || over === undefined) {
      return;
    }
    if (from === to) {
      problems.push({ pointer, message: "goes from a block to itself" });
      return;
    }
    const key = `${from} ${to}`;
    if (sends.has(key) || (over !== "none" && plain.has(key))) {
      problems.push({ pointer, message: "is the second between two blocks, and one has a link" });
    } else if (over === "none") {
      const latency = Math.max(dependency.latency, plain.get(key)?.latency ?? 0);
      plain.set(key, { from, to, latency });
    } else {
      sends.set(key, { from, to, latency: dependency.latency, ...over });
    }
  });
  const byEnds = (a: Dependency, b: Dependency): number => a.from - b.from || a.to - b.to;
  return {
    dependencies: [...plain.values()].sort(byEnds),
    sends: [...sends.values()].sort(byEnds),
  };
}

/** The link of a dependency and the time on it; `undefined`: they are wrong. */
function overLink(
  { link, transfer }: PlacementSpec["dependencies"][number],
  linkOf: ReadonlyMap<string, number>,
  pointer: string,
  problems: JsonProblem[],
): Pick<Send, "link" | "time"> | "none" | undefined {
  if (link === undefined) {
    if (transfer !== undefined) {
      problems.push({ pointer, message: "has a transfer, but no link" });
    }
    return transfer === undefined ? "none" : undefined;
  }
  const position = linkOf.get(link);
  if (position === undefined) {
    problems.push({ pointer: `${pointer}/link`, message: `"${link}" is not the name of a link` });
  }
  if (transfer === undefined) {
    problems.push({ pointer, message: "has a link, but no transfer" });
  }
  return position === undefined || transfer === undefined
    ? undefined
    : { link: position, time: transfer };
}
