import { describe, expect, it } from "vitest";
import { encodePlacement, parsePlacement } from "../../../src/placement/parse-placement.js";
import { buildShape, SHAPE_NAMES } from "../../../src/placement/shapes/build-shape.js";

function lines(name: string, devices: number, mode: "train" | "infer" = "train"): string[] {
  const built = buildShape(name, { devices, mode });
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  const { blocks, dependencies } = built.value;
  return blocks.map((block, at) => {
    const after = dependencies.filter(({ to }) => to === at).map(({ from }) => blocks[from]?.id);
    return `${block.id} d${block.devices.join("+")} ${block.duration} ${block.memory} <${after}`;
  });
}

describe("named shapes", () => {
  it("v is a chain down and its mirror up", () => {
    expect(lines("v", 2)).toEqual([
      "f0 d0 1 1 <",
      "f1 d1 1 1 <f0",
      "b0 d1 3 -1 <f1",
      "b1 d0 3 -1 <b0",
    ]);
  });

  it("m spreads the first stage over all devices", () => {
    expect(lines("m", 2)).toEqual([
      "f0 d0+1 1 0 <",
      "f1 d0 1 1 <f0",
      "f2 d1 1 1 <f1",
      "b0 d1 3 -1 <f2",
      "b1 d0 3 -1 <b0",
      "b2 d0+1 1 0 <b1",
    ]);
  });

  it("k joins two chains in a spread stage that holds memory", () => {
    expect(lines("k", 4)).toEqual([
      "f0 d0 1 1 <",
      "f1 d2 1 1 <",
      "f2 d1 1 1 <f0",
      "f3 d3 1 1 <f1",
      "f4 d0+1+2+3 1 1 <f2,f3",
      "b0 d0+1+2+3 1 -1 <f4",
      "b1 d1 3 -1 <b0",
      "b2 d3 3 -1 <b0",
      "b3 d0 3 -1 <b1",
      "b4 d2 3 -1 <b2",
    ]);
  });

  it("x runs two chains against each other", () => {
    expect(lines("x", 2)).toEqual([
      "f0 d0 1 1 <",
      "f1 d1 1 1 <",
      "f2 d0 1 1 <f1",
      "f3 d1 1 1 <f0",
      "b0 d0 3 -1 <f2",
      "b1 d1 3 -1 <f3",
      "b2 d0 3 -1 <b1",
      "b3 d1 3 -1 <b0",
    ]);
  });

  it("zb-h gives weights blocks of their own, which release the memory", () => {
    expect(lines("zb-h", 2)).toEqual([
      "f0 d0 1 1 <",
      "f1 d1 1 1 <f0",
      "b0 d1 1 0 <f1",
      "b1 d0 1 0 <f0,b0",
      "w0 d1 1 -1 <b0",
      "w1 d0 1 -1 <b1",
    ]);
  });

  it("alphafold trains the last of three passes", () => {
    expect(lines("alphafold", 2).map((line) => line.split(" ").slice(1, 4).join(" "))).toEqual([
      "d0 1 0",
      "d1 1 0",
      "d0 1 0",
      "d1 1 0",
      "d0 1 1",
      "d1 1 1",
      "d1 1 -1",
      "d0 1 -1",
    ]);
  });

  it("has no backward and no memory for inference", () => {
    expect(lines("v", 3, "infer")).toEqual(["f0 d0 1 0 <", "f1 d1 1 0 <f0", "f2 d2 1 0 <f1"]);
  });

  it.each(SHAPE_NAMES)(
    "%s loads every device alike, gives memory back and survives a round trip",
    (name) => {
      for (const devices of [2, 4, 8]) {
        const built = buildShape(name, { devices });
        if (!built.ok) {
          throw new Error(built.error[0].message);
        }
        const load = new Array<number>(devices).fill(0);
        const held = new Array<number>(devices).fill(0);
        for (const block of built.value.blocks) {
          for (const device of block.devices) {
            load[device] = (load[device] ?? 0) + block.duration;
            held[device] = (held[device] ?? 0) + block.memory;
          }
        }
        expect(new Set(load).size).toBe(1);
        expect(held).toEqual(new Array(devices).fill(0));
        const text = encodePlacement(built.value);
        const again = parsePlacement(text, "shape");
        expect(again.ok && encodePlacement(again.value)).toBe(text);
      }
    },
  );

  it("adds latency only where devices differ", () => {
    const built = buildShape("v", { devices: 2, latency: 5 });
    expect(built.ok && built.value.dependencies.map(({ latency }) => latency)).toEqual([5, 0, 5]);
  });

  it("refuses what a shape does not allow, and says what it allows", () => {
    for (const [name, options, code] of [
      ["k", { devices: 5 }, "shape-option-invalid"],
      ["v", { devices: 0 }, "shape-option-invalid"],
      ["v", { devices: 4, chunks: 2 }, "shape-option-invalid"],
      ["w", { devices: 4 }, "shape-unknown"],
    ] as const) {
      const built = buildShape(name, options);
      expect(built.ok ? "" : built.error[0].code).toBe(code);
    }
  });
});
