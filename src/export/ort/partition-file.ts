/**
 * The file that ONNX Runtime takes as `session.node_partition_config_file`: which nodes are on which of
 * its streams.
 *
 * Inside of a stream ONNX Runtime goes by an order of its own, but streams are begun in the order of the
 * file. So one stream for each node is an exact order. A stream without nodes makes ONNX Runtime 1.30
 * crash, and a node on no stream makes it refuse the model; neither is ever written.
 */
import { stableJson } from "../../core/stable-json.js";
import type { OrderedNode } from "./launch-order.js";

/** Kinds of devices by their numbers in ONNX Runtime, which writes them as text. */
const DEVICE = { cpu: "0", gpu: "1" } as const;

/** How these files begin. */
export const PARTITION_MARK: RegExp = /^\{\s*"type": "DeviceBasedPartitioner"/;

/** The partition file that runs the nodes on a CPU one by one, exactly in this order. */
export function exactOrderFile(nodes: readonly OrderedNode[]): string {
  return partitionFile(
    nodes.map(({ name }) => [name]),
    "cpu",
  );
}

/** The streams of the nodes, without empty ones, in the order in which they begin. */
export function streamsOf(nodes: readonly OrderedNode[]): readonly (readonly string[])[] {
  const streams = new Map<number, string[]>();
  for (const { name, stream } of nodes) {
    const names = streams.get(stream) ?? [];
    streams.set(stream, names);
    names.push(name);
  }
  return [...streams.values()];
}

/** The partition file of streams on one device. Requires: every node of the model once, no stream empty. */
export function partitionFile(
  streams: readonly (readonly string[])[],
  device: keyof typeof DEVICE,
): string {
  const devices = streams.map(() => DEVICE[device]);
  return stableJson({ type: "DeviceBasedPartitioner", streams, devices });
}
