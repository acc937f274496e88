import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeArtifact, parseArtifact } from "../../src/artifact/artifact-format.js";
import { arbitraryArtifact } from "../support/arbitrary-artifacts.js";
import { arbitraryMutation, mutated } from "../support/mutate-json.js";

const schema = JSON.parse(
  readFileSync(new URL("../../docs/schema/schedule.schema.json", import.meta.url), "utf8"),
);
const ajv = new Ajv2020.default({ strict: true, allowUnionTypes: true, allErrors: true });
const conforms = ajv.compile(schema);

describe("schedule artifacts", () => {
  it("are what was encoded, and encode to the same bytes again", () => {
    fc.assert(
      fc.property(arbitraryArtifact, (artifact) => {
        const text = encodeArtifact(artifact);
        const read = parseArtifact(text, "a.json");
        expect(read).toEqual({ ok: true, value: artifact });
        expect(read.ok && encodeArtifact(read.value)).toBe(text);
      }),
    );
  });

  it("conform to the published schema", () => {
    fc.assert(
      fc.property(arbitraryArtifact, (artifact) => {
        conforms(JSON.parse(encodeArtifact(artifact)));
        expect(conforms.errors ?? []).toEqual([]);
      }),
    );
  });

  it("are read exactly when the published schema takes them", () => {
    const seen = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(arbitraryArtifact, arbitraryMutation, (artifact, mutation) => {
        const value = mutated(JSON.parse(encodeArtifact(artifact)), mutation);
        const read = parseArtifact(JSON.stringify(value), "a.json");
        expect(read.ok, JSON.stringify(value)).toBe(conforms(value));
        seen[read.ok ? "taken" : "refused"]++;
        if (!read.ok) {
          expect(read.error.every(({ code }) => code === "schedule-invalid")).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
    expect(seen.taken).toBeGreaterThan(20);
    expect(seen.refused).toBeGreaterThan(20);
  });
});
