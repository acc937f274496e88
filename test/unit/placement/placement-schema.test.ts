import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodePlacement,
  parsePlacement,
  placementJson,
} from "../../../src/placement/parse-placement.js";
import { buildShape, SHAPE_NAMES } from "../../../src/placement/shapes/build-shape.js";
import { randomPlacement } from "../../support/placements.js";

const ROOT = resolve(import.meta.dirname, "../../..");
const schema = JSON.parse(readFileSync(join(ROOT, "docs/schema/placement.schema.json"), "utf8"));
const conforms = new Ajv2020({ strict: true, allErrors: true }).compile(schema);

const SMALL = {
  format: "top-compile/placement",
  version: 1,
  devices: [{ name: "d" }],
  blocks: [{ id: "a", devices: ["d"], duration: 1 }],
};

describe("placement.schema.json", () => {
  it("takes what we write", () => {
    fc.assert(
      fc.property(randomPlacement(), (placement) => {
        expect(conforms(placementJson(placement))).toBe(true);
      }),
    );
  });

  it.each<[string, object]>([
    ["an unknown field", { ...SMALL, x: 1 }],
    ["no blocks", { ...SMALL, blocks: [] }],
    ["a duration of 0", { ...SMALL, blocks: [{ id: "a", devices: ["d"], duration: 0 }] }],
    ["a fraction", { ...SMALL, blocks: [{ id: "a", devices: ["d"], duration: 1.5 }] }],
    ["another kind", { ...SMALL, blocks: [{ ...SMALL.blocks[0], kind: "x" }] }],
    ["negative workspace", { ...SMALL, blocks: [{ ...SMALL.blocks[0], workspace: -1 }] }],
    ["a later version", { ...SMALL, version: 2 }],
    ["no device", { ...SMALL, devices: [] }],
    ["a negative latency", { ...SMALL, dependencies: [{ from: "a", to: "b", latency: -1 }] }],
    ["another unit", { ...SMALL, timeUnit: "ms" }],
  ])("and the reader both refuse %s", (_, value) => {
    expect(conforms(SMALL)).toBe(true);
    expect(parsePlacement(JSON.stringify(SMALL)).ok).toBe(true);
    expect(conforms(value)).toBe(false);
    expect(parsePlacement(JSON.stringify(value)).ok).toBe(false);
  });
});

describe("fixtures/placements", () => {
  const folder = join(ROOT, "fixtures/placements");
  const fixtures = readdirSync(folder).filter((name) => name.endsWith(".json"));

  it("has one file per named shape at least", () => {
    const shapes = new Set(fixtures.map((name) => name.replace(/-4-(train|infer)\.json$/, "")));
    expect([...SHAPE_NAMES].filter((name) => !shapes.has(name))).toEqual([]);
  });

  it.each(fixtures)("%s is what the shape gives, byte for byte", (file) => {
    const [, name, mode] = /^(.*)-4-(train|infer)\.json$/.exec(file) ?? [];
    const built = buildShape(name ?? "", { devices: 4, mode: mode as "train" | "infer" });
    expect(built.ok && encodePlacement(built.value)).toBe(readFileSync(join(folder, file), "utf8"));
  });
});
