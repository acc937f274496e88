import { present } from "../core/invariant.js";
import type { DevicePlan, Place } from "./device-node.js";
import type { EmittedModel } from "./emit.js";
import { STORAGE_BYTES } from "./language/expression.js";
import { sizeOf } from "./language/layout.js";
import { storageOf } from "./operator-call.js";

/** Bytes on the device of what is at a place of a plan's node. */
export function bytesAt(
  { lowered, floats, folded }: EmittedModel,
  { scratchBytes }: DevicePlan,
  place: Place,
): number {
  const { graph, types } = lowered;
  const tensorBytes = (id: number): number => {
    const { dims, elementType } = present(graph.tensors[id], "tensor");
    const storage = storageOf(elementType, floats);
    return storage === undefined ? 0 : sizeOf(dims) * STORAGE_BYTES[storage];
  };
  switch (place.kind) {
    case "tensor":
      return tensorBytes(place.part ?? place.id);
    case "joint":
      return place.ids.reduce((sum, id) => sum + tensorBytes(id), 0);
    case "scratch":
      return scratchBytes[place.index] ?? 0;
    case "constant": {
      const made = folded.get(place.name);
      const type = types.get(place.name);
      const storage = made?.storage ?? (type && storageOf(type.elementType, floats));
      return storage === undefined
        ? 0
        : sizeOf(made?.dims ?? type?.dims ?? []) * STORAGE_BYTES[storage];
    }
  }
}
