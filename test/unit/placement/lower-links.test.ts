import { describe, expect, it } from "vitest";
import { withoutTransfers } from "../../../src/placement/lower-links.js";
import { parsePlacement, placementJson } from "../../../src/placement/parse-placement.js";
import type { Placement } from "../../../src/placement/placement.js";
import { steadyBubbleRate } from "../../../src/schedule/pipeline-metrics.js";

const SPEC = {
  format: "top-compile/placement",
  version: 1,
  timeUnit: "step",
  devices: [{ name: "d0" }, { name: "d1", memory: 3 }],
  links: [{ name: "wire", sharing: "exclusive", blocking: "neither" }],
  blocks: [
    { id: "a", kind: "forward", devices: ["d0"], duration: 2 },
    { id: "b", kind: "forward", devices: ["d1"], duration: 3 },
  ],
  dependencies: [{ from: "a", to: "b", link: "wire", transfer: 5, latency: 1 }],
};

type Spec = Record<string, unknown> & typeof SPEC;

function read(change: (spec: Spec) => void = () => undefined): Placement {
  const spec = structuredClone(SPEC) as Spec;
  change(spec);
  const result = parsePlacement(JSON.stringify(spec));
  if (!result.ok) {
    throw new Error(JSON.stringify(result.error));
  }
  return result.value;
}

function problemsOf(change: (spec: Spec) => void): readonly string[] {
  const spec = structuredClone(SPEC) as Spec;
  change(spec);
  const result = parsePlacement(JSON.stringify(spec), "p.json");
  return result.ok ? [] : result.error.map((f) => `${f.code} | ${f.where} | ${f.message}`);
}

describe("links of a placement", () => {
  it("that are exclusive become devices, and what goes over them blocks", () => {
    const { devices, blocks, dependencies } = read();
    expect(devices).toEqual([
      { name: "d0", memory: undefined },
      { name: "d1", memory: 3 },
      { name: "wire", memory: undefined, isLink: true },
    ]);
    expect(blocks[2]).toEqual({
      id: "a->b",
      kind: "transfer",
      devices: [2],
      duration: 5,
      memory: 0,
      workspace: 0,
      operators: [],
      transfer: { link: 0, from: 0, to: 1 },
    });
    expect(dependencies).toEqual([
      { from: 0, to: 2, latency: 0 },
      { from: 2, to: 1, latency: 1 },
    ]);
  });

  it.each<["sender" | "receiver" | "both", readonly number[]]>([
    ["sender", [0]],
    ["receiver", [1]],
    ["both", [0, 1]],
  ])("that block the %s occupy its devices", (blocking, devices) => {
    const exclusive = read(({ links }) => {
      links[0]!.blocking = blocking;
    });
    expect(exclusive.blocks[2]?.devices).toEqual([...devices, 2]);
    const shared = read(({ links }) => {
      links[0] = { name: "wire", sharing: "shared", blocking };
    });
    expect(shared.devices).toHaveLength(2);
    expect(shared.blocks[2]?.devices).toEqual(devices);
  });

  it("that are shared and block nobody are latencies", () => {
    const { devices, blocks, dependencies } = read(({ links }) => {
      links[0]!.sharing = "shared";
    });
    expect([devices.length, blocks.length]).toEqual([2, 2]);
    expect(dependencies).toEqual([{ from: 0, to: 1, latency: 6, sent: { link: 0, time: 5 } }]);
  });

  it("are left out of the share of idle time, as are devices of kind link", () => {
    const periodic = { period: 10, microBatchesPerPeriod: 1, repetend: [] };
    // Two devices work 2 and 3 of 10.
    expect(steadyBubbleRate(read(), periodic)).toBeCloseTo(0.75, 12);
    const byHand = read((spec) => {
      spec.devices.push({ name: "bus", kind: "link" } as never);
      spec.blocks.push({ id: "copy", kind: "other", devices: ["bus"], duration: 9 });
    });
    expect(steadyBubbleRate(byHand, periodic)).toBeCloseTo(0.75, 12);
  });

  it("keep their form when they are written", () => {
    expect(placementJson(read())).toMatchObject({
      devices: [{ name: "d0" }, { name: "d1", memory: 3 }],
      links: SPEC.links,
      dependencies: SPEC.dependencies,
    });
  });

  it("go away with their transfers, whose time becomes a latency", () => {
    const plain = withoutTransfers(read());
    expect(plain.devices.map(({ name }) => name)).toEqual(["d0", "d1"]);
    expect(plain.dependencies).toEqual([{ from: 0, to: 1, latency: 6 }]);
    expect(plain.blocks).toHaveLength(2);
  });

  it.each<[string, (spec: Spec) => void, string]>([
    [
      "an unknown link",
      ({ dependencies }) => {
        dependencies[0]!.link = "air";
      },
      'placement-invalid | p.json at /dependencies/0/link | "air" is not the name of a link',
    ],
    [
      "a link without a transfer",
      ({ dependencies }) => {
        delete (dependencies[0] as { transfer?: number }).transfer;
      },
      "placement-invalid | p.json at /dependencies/0 | has a link, but no transfer",
    ],
    [
      "a transfer without a link",
      ({ dependencies }) => {
        delete (dependencies[0] as { link?: string }).link;
      },
      "placement-invalid | p.json at /dependencies/0 | has a transfer, but no link",
    ],
    [
      "two dependencies of which one has a link",
      ({ dependencies }) => {
        dependencies.push({ from: "a", to: "b" } as never);
      },
      "placement-invalid | p.json at /dependencies/1 | is the second between two blocks, and one has a link",
    ],
    [
      "a link with the name of a device",
      ({ links, dependencies }) => {
        links[0]!.name = "d1";
        dependencies[0]!.link = "d1";
      },
      'placement-invalid | p.json at /links/0/name | "d1" is the name of a device',
    ],
    [
      "two links of one name",
      ({ links }) => {
        links.push(links[0]!);
      },
      'placement-invalid | p.json at /links/1/name | "wire" is there already',
    ],
    [
      "a block with the name of a transfer",
      ({ blocks }) => {
        blocks.push({ id: "a->b", kind: "other", devices: ["d0"], duration: 1 });
      },
      'placement-invalid | p.json at /blocks/2/id | "a->b" is the name of a transfer',
    ],
    [
      "a cycle over a link",
      ({ dependencies }) => {
        dependencies.push({ from: "b", to: "a" } as never);
      },
      'placement-invalid | p.json at /dependencies | make a cycle: "a" -> "b" -> "a"',
    ],
  ])("are refused with %s", (_, change, problem) => {
    expect(problemsOf(change)).toEqual([problem]);
  });
});
