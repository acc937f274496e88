import { describe, expect, it } from "vitest";
import {
  exactOrderFile,
  partitionFile,
  streamsOf,
} from "../../../../src/export/ort/partition-file.js";

const NODES = [
  { name: "a", stream: 2 },
  { name: "b", stream: 0 },
  { name: "c", stream: 2 },
];

describe("a partition file", () => {
  it("has a stream for each node where the order is exact", () => {
    expect(JSON.parse(exactOrderFile(NODES))).toEqual({
      type: "DeviceBasedPartitioner",
      streams: [["a"], ["b"], ["c"]],
      devices: ["0", "0", "0"],
    });
  });

  it("has no stream without nodes, and says the device of each as text", () => {
    expect(streamsOf(NODES)).toEqual([["a", "c"], ["b"]]);
    expect(JSON.parse(partitionFile(streamsOf(NODES), "gpu"))).toEqual({
      type: "DeviceBasedPartitioner",
      streams: [["a", "c"], ["b"]],
      devices: ["1", "1"],
    });
  });
});
