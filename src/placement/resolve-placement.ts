import type { JsonProblem } from "../core/json-shape.js";
import { choiceProblems, chosenBlocks, chosenIn } from "./choices.js";
import { findCycle } from "./find-cycle.js";
import { byEnds, holdsUp, lowerLinks, type Send, transferName } from "./lower-links.js";
import { overlapsOf } from "./overlaps.js";
import type {
  Block,
  Choice,
  Dependency,
  Device,
  Link,
  MemoryElsewhere,
  Placement,
} from "./placement.js";
import {
  type BlockSpec,
  type LinkSpec,
  MAX_BLOCKS,
  MAX_MEMORY,
  MAX_TIME,
  type PlacementSpec,
} from "./placement-format.js";

/**
 * The placement of a document, its links lowered to blocks; `undefined`, and what is wrong added to `problems`, where names
 * are not unique or not known, dependencies make a cycle, or sums are too large to stay exact.
 *
 * Cost: O(blocks + dependencies).
 */
export function resolvePlacement(
  document: PlacementSpec,
  problems: JsonProblem[],
): Placement | undefined {
  choiceProblems(document, problems);
  if (problems.length > 0) {
    return undefined;
  }
  const spec = { ...document, blocks: chosenBlocks(document) };
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
  const devices = spec.devices.map(({ name, kind, memory, reserved }, at): Device => {
    if (memory !== undefined && reserved > memory) {
      const message = `is more than its memory, ${memory}`;
      problems.push({ pointer: `/devices/${at}/reserved`, message });
    }
    return {
      name,
      memory: memory === undefined ? undefined : memory - reserved,
      ...(reserved === 0 ? {} : { reserved }),
      ...(kind === "link" ? { isLink: true } : {}),
    };
  });
  const blocks = spec.blocks.map((block, at): Block => {
    const found = block.devices.flatMap((name, i) => {
      const device = deviceOf.get(name);
      if (device === undefined) {
        const message = `"${name}" is not the name of a device`;
        problems.push({ pointer: `/blocks/${at}/devices/${i}`, message });
      }
      return device ?? [];
    });
    const { perStep, elsewhere, ...rest } = block;
    const changes = elsewhereOf(elsewhere, { deviceOf, found, pointer: `/blocks/${at}` }, problems);
    return {
      ...rest,
      devices: found.sort((a, b) => a - b),
      ...(perStep ? { isPerStep: true } : {}),
      ...(changes.length === 0 ? {} : { elsewhere: changes }),
    };
  });
  checkLengths(spec, problems);
  const { overlaps, aside } = overlapsOf(spec, blockOf, problems);
  const linkOf = linkPositions(spec, deviceOf, problems);
  const { dependencies, sends } = resolveDependencies(spec, { blockOf, linkOf }, problems);
  checkTransfers(spec, sends, blockOf, problems);
  checkSums(spec, problems);
  if (problems.length > 0) {
    return undefined;
  }
  const cycle = findCycle(
    blocks.length,
    [...dependencies, ...sends].filter(({ distance }) => distance === undefined),
  );
  if (cycle !== undefined) {
    const names = cycle.map((block) => `"${blocks[block]?.id}"`).join(" -> ");
    problems.push({ pointer: "/dependencies", message: `make a cycle: ${names}` });
    return undefined;
  }
  const { timeUnit, memoryRelease, lengths } = spec;
  const frame = {
    timeUnit,
    memoryRelease,
    ...(lengths === undefined ? {} : { lengths }),
    ...(overlaps.length === 0 ? {} : { overlaps }),
    ...(aside.length === 0 ? {} : { overlapsAside: aside }),
    ...(spec.choices.length === 0 ? {} : { choices: spec.choices.map(choiceOf) }),
  };
  const links = spec.links.map(
    ({ order, ...link }): Link => (order === "any" ? link : { ...link, order }),
  );
  return lowerLinks({ ...frame, devices, blocks, dependencies }, links, sends);
}

function choiceOf(choice: PlacementSpec["choices"][number]): Choice {
  return {
    ...choice,
    chosen: chosenIn(choice),
    ...(choice.chosen === undefined ? { isOpen: true } : {}),
  };
}

/** Changes of memory on other devices of a block, each once. */
function elsewhereOf(
  changes: BlockSpec["elsewhere"],
  of: {
    readonly deviceOf: ReadonlyMap<string, number>;
    /** Devices that the block occupies. */
    readonly found: readonly number[];
    readonly pointer: string;
  },
  problems: JsonProblem[],
): MemoryElsewhere[] {
  const result = new Map<number, MemoryElsewhere>();
  for (const [at, { device: name, memory }] of changes.entries()) {
    const pointer = `${of.pointer}/elsewhere/${at}/device`;
    const device = of.deviceOf.get(name);
    if (device === undefined) {
      problems.push({ pointer, message: `"${name}" is not the name of a device` });
    } else if (of.found.includes(device)) {
      const message = `"${name}" is a device of the block itself: its memory says what it changes`;
      problems.push({ pointer, message });
    } else if (result.has(device)) {
      problems.push({ pointer, message: `"${name}" is there already` });
    } else {
      result.set(device, { device, memory });
    }
  }
  return [...result.values()].sort((a, b) => a.device - b.device);
}

/** Lengths and durations are of as many micro-batches, and blocks once per step have neither. */
function checkLengths({ lengths, blocks }: PlacementSpec, problems: JsonProblem[]): void {
  const first = blocks.findIndex(({ durations }) => durations !== undefined);
  const count = lengths?.length ?? blocks[first]?.durations?.length;
  const source = lengths === undefined ? `/blocks/${first}/durations` : "/lengths";
  for (const [at, { durations, perStep }] of blocks.entries()) {
    const pointer = `/blocks/${at}/durations`;
    if (durations !== undefined && perStep) {
      problems.push({ pointer, message: "are of micro-batches, and the block runs once per step" });
    } else if (durations !== undefined && durations.length !== count) {
      const message = `are ${durations.length}, and ${source} has ${count}`;
      problems.push({ pointer, message });
    }
  }
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
  const held = sends.filter(({ link }) => holdsUp(links[link] as LinkSpec));
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
  const { lengths = [1] } = spec;
  const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
  const time =
    spec.blocks.reduce(
      (sum, { duration, durations = [] }) =>
        sum + durations.reduce((most, each) => Math.max(most, each), duration * longest),
      0,
    ) +
    spec.dependencies.reduce(
      (sum, { latency, transfer = 0 }) => sum + latency + transfer * longest,
      0,
    );
  if (time > MAX_TIME) {
    const message = `durations and latencies add up to ${time}, more than ${MAX_TIME}`;
    problems.push({ pointer: "/blocks", message });
  }
  const held = new Map<string, number>();
  for (const block of spec.blocks) {
    const hold = (name: string, memory: number): void => {
      held.set(name, (held.get(name) ?? 0) + memory * longest);
    };
    for (const name of block.devices) {
      hold(name, Math.abs(block.memory) + block.workspace);
    }
    for (const { device, memory } of block.elsewhere) {
      hold(device, Math.abs(memory));
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
  const pairs = new Set<string>();
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
    const { distance } = dependency;
    if (from === to && distance === 0) {
      problems.push({ pointer, message: "goes from a block to itself" });
      return;
    }
    if (distance > 0 && [from, to].some((block) => spec.blocks[block]?.perStep === true)) {
      const message = "has a distance in micro-batches, and one of its blocks runs once per step";
      problems.push({ pointer: `${pointer}/distance`, message });
      return;
    }
    const later = distance === 0 ? {} : { distance };
    const pair = `${from} ${to}`;
    const key = `${pair} ${distance}`;
    if (sends.has(pair) || (over !== "none" && pairs.has(pair))) {
      problems.push({ pointer, message: "is the second between two blocks, and one has a link" });
    } else if (over === "none") {
      const latency = Math.max(dependency.latency, plain.get(key)?.latency ?? 0);
      plain.set(key, { from, to, latency, ...later });
    } else {
      sends.set(pair, { from, to, latency: dependency.latency, ...later, ...over });
    }
    pairs.add(pair);
  });
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
