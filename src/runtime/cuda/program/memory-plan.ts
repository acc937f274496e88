/**
 * The layout of the one block of device memory.
 *
 * From the start: constants, which never change; inputs of the model, which are written before a run
 * and only read by it; then the activations and the scratch memory of operators, where two may share
 * bytes when they are never alive at the same time.
 *
 * "Alive" must hold with several streams. Tensor A may lie where tensor B lies only if all operators that
 * touch A (its producer and its readers) have ended before B's producer starts, or the other way
 * round; and that by guarantee of the schedule, not by luck (`happens-before.ts`). The obvious plan,
 * lifetimes as intervals in launch order, is a silent race: with a on stream 0 and b on stream 1, launched
 * one after the other, the output of b may be written while the last reader of what a freed is still
 * running. Outputs of the model are read by the host at the end, so nothing takes their place; but
 * they may take that of others.
 *
 * Placement: largest first, each at the lowest offset where it overlaps nothing that may be alive with it
 * (the "greedy by size" of Pisarchyk and Lee, 2020; differs: conflicts by guarantee, not by intervals).
 */
import { invariant, present } from "../../../core/invariant.js";
import { bytesOf } from "../../../ir/element-type.js";
import type { TensorId } from "../../../ir/operator-graph.js";
import {
  type DeviceNode,
  type DevicePlan,
  type Place,
  placesOf,
} from "../../../kernels/device-node.js";
import type { EmittedModel } from "../../../kernels/emit.js";
import { STORAGE_BYTES } from "../../../kernels/language/expression.js";
import { sizeOf } from "../../../kernels/language/layout.js";
import { storageOf } from "../../../kernels/operator-call.js";
import { type HappensBefore, happensBefore } from "./happens-before.js";
import type { LaunchOrder } from "./launch-order.js";

/** Alignment of everything: cuBLAS wants 256 bytes of workspaces, and vector loads never more. */
const ALIGNMENT = 256;

/** A range of the device memory. */
export interface MemoryRange {
  readonly offset: number;
  readonly bytes: number;
}

/** The place of every tensor. Units: bytes from the start of the device memory. */
export interface MemoryPlan {
  readonly bytes: number;
  /** Activations and scratch memory: what a run writes, and what may be poisoned before it. */
  readonly activations: MemoryRange;
  /** Constants that nodes read, by name. */
  readonly constants: ReadonlyMap<string, MemoryRange>;
  /** The place of a tensor, or `undefined` when nothing on the device touches it. */
  tensor(id: TensorId): MemoryRange | undefined;
  /** The place that a node of an operator names. */
  rangeOf(operator: number, place: Place): MemoryRange;
  /** Size of activations and scratch memory without sharing. */
  readonly unsharedBytes: number;
}

/** The rule by which memory is shared. */
export type Sharing =
  /** Nothing shares: every schedule may run, and every tensor can be looked at afterwards. */
  | { readonly kind: "none" }
  /** Sharing is safe for these schedules, and for no others. */
  | { readonly kind: "ordered"; readonly schedules: readonly LaunchOrder[] };

/** Something that lives from its first to its last user. */
interface Item {
  readonly bytes: number;
  /** Operators that write it first: several for what is joined in place. It begins with the first of them. */
  readonly producers: readonly number[];
  /** Operators that touch it. */
  readonly users: readonly number[];
  /** The host reads it after the run. */
  readonly isOutput: boolean;
}

/**
 * Lays out the memory of a model.
 *
 * Cost: O(items^2) for the activations when they share, else linear.
 */
export function planMemory(model: EmittedModel, sharing: Sharing): MemoryPlan {
  const { graph } = model.lowered;
  const constants = new Map<string, MemoryRange>();
  const tensors = new Map<TensorId, MemoryRange>();
  let end = 0;
  const append = (bytes: number): MemoryRange => {
    const range = { offset: end, bytes };
    end += aligned(bytes);
    return range;
  };
  for (const name of constantsOf(model.plans)) {
    constants.set(name, append(bytesOfName(model, name)));
  }
  for (const id of graph.inputs) {
    tensors.set(id, append(bytesOfTensor(model, id)));
  }
  const start = end;
  const { items, scratch, owners } = itemsOf(model);
  const promise =
    sharing.kind === "none" ? undefined : happensBefore(graph.operators.length, sharing.schedules);
  const offsets = promise === undefined ? apart(items) : packed(items, promise);
  let most = 0;
  for (const [at, item] of items.entries()) {
    const range = { offset: start + (offsets[at] ?? 0), bytes: item.bytes };
    most = Math.max(most, (offsets[at] ?? 0) + aligned(item.bytes));
    let { offset } = range;
    for (const owner of owners[at] ?? []) {
      const bytes = bytesOfTensor(model, owner);
      tensors.set(owner, { offset, bytes });
      offset += bytes;
    }
  }
  const scratchRange = (operator: number, index: number): MemoryRange => {
    const at = present(scratch[operator]?.[index], "scratch memory");
    return { offset: start + (offsets[at] ?? 0), bytes: present(items[at], "item").bytes };
  };
  const wholeOf = (operator: number, place: Place): MemoryRange => {
    switch (place.kind) {
      case "tensor":
        return present(tensors.get(place.id), `memory of tensor ${place.id}`);
      case "joint": {
        const ranges = place.ids.map((id) => present(tensors.get(id), `memory of tensor ${id}`));
        const bytes = ranges.reduce((sum, range) => sum + range.bytes, 0);
        return { offset: present(ranges[0], "range").offset, bytes };
      }
      case "constant":
        return present(constants.get(place.name), `memory of constant "${place.name}"`);
      case "scratch":
        return scratchRange(operator, place.index);
    }
  };
  return {
    bytes: start + most,
    activations: { offset: start, bytes: most },
    constants,
    tensor: (id) => tensors.get(id),
    unsharedBytes: items.reduce((sum, item) => sum + aligned(item.bytes), 0),
    rangeOf: (operator, place) => {
      const { offset, bytes } = wholeOf(operator, place);
      const skipped = place.offset ?? 0;
      return { offset: offset + skipped, bytes: bytes - skipped };
    },
  };
}

/** Constants that nodes read, in the order of first use. */
export function constantsOf(plans: readonly DevicePlan[]): readonly string[] {
  const names = new Set<string>();
  for (const { nodes } of plans) {
    for (const place of nodes.flatMap((node) => placesOf(node).reads)) {
      if (place.kind === "constant") {
        names.add(place.name);
      }
    }
  }
  return [...names];
}

/** Bytes of a value as it is stored on the device. */
export function bytesOfName({ lowered, floats, folded }: EmittedModel, name: string): number {
  const made = folded.get(name);
  if (made !== undefined) {
    return sizeOf(made.dims) * STORAGE_BYTES[made.storage];
  }
  const type = present(lowered.types.get(name), `type of "${name}"`);
  const storage = storageOf(type.elementType, floats);
  invariant(storage !== undefined, `"${name}" has a type that the device can hold`);
  return sizeOf(type.dims) * STORAGE_BYTES[storage];
}

function bytesOfTensor({ lowered, floats }: EmittedModel, id: TensorId): number {
  const tensor = present(lowered.graph.tensors[id], "tensor");
  const storage = storageOf(tensor.elementType, floats);
  const count = sizeOf(tensor.dims);
  return storage === undefined
    ? bytesOf(tensor.elementType, count)
    : count * STORAGE_BYTES[storage];
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Activations, then scratch memory operator by operator. */
function itemsOf(model: EmittedModel) {
  const { graph } = model.lowered;
  const outputs = new Set(graph.outputs);
  const users = usersOf(model.plans, allPlaces);
  const writers = usersOf(model.plans, (node) => placesOf(node).writes);
  const items: Item[] = [];
  const owners: (readonly TensorId[])[] = [];
  const jointOf = jointTensors(model.plans);
  for (const { id, producer } of graph.tensors) {
    const ids = jointOf.get(id) ?? [id];
    const own = ids.flatMap((each) => users.get(each) ?? []);
    const isOutput = ids.some((each) => outputs.has(each));
    // Without users it lives in the registers of a chain, or has no elements.
    if (producer !== undefined && ids[0] === id && (own.length > 0 || isOutput)) {
      owners.push(ids);
      items.push({
        bytes: ids.reduce((sum, each) => sum + bytesOfTensor(model, each), 0),
        producers: own.length > 0 ? ids.flatMap((each) => writers.get(each) ?? []) : [producer],
        users: own.length > 0 ? own : [producer],
        isOutput,
      });
    }
  }
  const scratch = model.plans.map(({ scratchBytes }, operator) =>
    scratchBytes.map((bytes) => {
      owners.push([]);
      const users = [operator];
      return items.push({ bytes, producers: users, users, isOutput: false }) - 1;
    }),
  );
  return { items, scratch, owners };
}

/** By tensor: those that it is laid out with, in their order. */
function jointTensors(plans: readonly DevicePlan[]): ReadonlyMap<TensorId, readonly TensorId[]> {
  const groups = new Map<TensorId, readonly TensorId[]>();
  for (const place of plans.flatMap(({ nodes }) => nodes).flatMap(allPlaces)) {
    if (place.kind === "joint") {
      for (const id of place.ids) {
        const known = groups.get(id) ?? place.ids;
        invariant(known.join() === place.ids.join(), "a tensor has its place in one row of them");
        groups.set(id, place.ids);
      }
    }
  }
  return groups;
}

/** The operators whose nodes touch each tensor, at the places that `placesAt` names. */
function usersOf(
  plans: readonly DevicePlan[],
  placesAt: (node: DeviceNode) => readonly Place[],
): ReadonlyMap<TensorId, readonly number[]> {
  const users = new Map<TensorId, number[]>();
  const add = (id: TensorId, operator: number): void => {
    const own = users.get(id) ?? [];
    users.set(id, own.at(-1) === operator ? own : [...own, operator]);
  };
  for (const [operator, { nodes }] of plans.entries()) {
    for (const place of nodes.flatMap(placesAt)) {
      if (place.kind === "tensor") {
        add(place.id, operator);
      } else if (place.kind === "joint") {
        place.ids.forEach((id) => {
          add(id, operator);
        });
      }
    }
  }
  return users;
}

function allPlaces(node: DeviceNode): readonly Place[] {
  return Object.values(placesOf(node)).flat();
}

function apart(items: readonly Item[]): readonly number[] {
  let end = 0;
  return items.map(({ bytes }) => {
    const offset = end;
    end += aligned(bytes);
    return offset;
  });
}

function packed(items: readonly Item[], promise: HappensBefore): readonly number[] {
  const offsets = new Array<number>(items.length).fill(0);
  const order = items
    .map((_, at) => at)
    .sort((a, b) => (items[b]?.bytes ?? 0) - (items[a]?.bytes ?? 0) || a - b);
  const placed: number[] = [];
  for (const at of order) {
    const item = present(items[at], "item");
    const taken = placed
      .filter((other) => mayMeet(item, present(items[other], "item"), promise))
      .map((other) => ({ start: offsets[other] ?? 0, size: aligned(items[other]?.bytes ?? 0) }))
      .sort((a, b) => a.start - b.start);
    offsets[at] = lowestGap(taken, aligned(item.bytes));
    if (item.bytes > 0) {
      placed.push(at);
    }
  }
  return offsets;
}

/** Returns whether two items may be alive at the same time. */
function mayMeet(a: Item, b: Item, promise: HappensBefore): boolean {
  return !isOver(a, b, promise) && !isOver(b, a, promise);
}

/** Returns whether every operator that touches `first` has ended before any writes `second`. */
function isOver(first: Item, second: Item, promise: HappensBefore): boolean {
  return (
    !first.isOutput &&
    first.users.every((user) => second.producers.every((each) => promise.isOrdered(user, each)))
  );
}

function lowestGap(
  taken: readonly { readonly start: number; readonly size: number }[],
  size: number,
): number {
  let end = 0;
  for (const range of taken) {
    if (range.start - end >= size) {
      return end;
    }
    end = Math.max(end, range.start + range.size);
  }
  return end;
}
