import { describe, expect, it } from "vitest";
import type { ScheduleArtifact } from "../../../src/artifact/artifact.js";
import { encodeArtifact, parseArtifact } from "../../../src/artifact/artifact-format.js";
import { ARTIFACT, SECTION } from "../../support/artifacts.js";

/** Each case: what is wrong, the change, the place named. */
const WRONG: readonly (readonly [string, (text: string) => string, string])[] = [
  [
    "another kind of file",
    (t) => t.replace("top-compile/schedule", "top-compile/profile"),
    "/format",
  ],
  ["a later version", (t) => t.replace('"version": 1', '"version": 2'), "/version"],
  ["a misspelt field", (t) => t.replace('"lowerBoundNs"', '"lowerBound"'), "/operators/lowerBound"],
  [
    "a fraction of a nanosecond",
    (t) => t.replace('"predicted": 6000000', '"predicted": 0.5'),
    "/operators/latencyNs/predicted",
  ],
  [
    "a negative time",
    (t) => t.replace('"endNs": 1000000', '"endNs": -1'),
    "/operators/launches/0/endNs",
  ],
  [
    "an unknown reason",
    (t) => t.replace("fastest-measured", "hunch"),
    "/operators/decision/reason",
  ],
  ["a digest of the wrong length", (t) => t.replace("abab", "ab"), "/provenance/inputs/0/sha256"],
  ["a nested option", (t) => t.replace('"cpu"', '{ "name": "cpu" }'), "/provenance/options/device"],
];

describe("parseArtifact", () => {
  it("reads what encodeArtifact wrote", () => {
    expect(parseArtifact(encodeArtifact(ARTIFACT), "m.json")).toEqual({
      ok: true,
      value: ARTIFACT,
    });
  });

  it("reads the options of version 0.1.0 under the names of today", () => {
    const { provenance } = ARTIFACT;
    const written = (options: ScheduleArtifact["provenance"]["options"]) =>
      parseArtifact(encodeArtifact({ ...ARTIFACT, provenance: { ...provenance, options } }), "m");
    const read = written({
      device: "cuda",
      precision: "f16",
      estimateUnsupported: true,
      mergeConvolutions: true,
      microBatches: 8,
      maxNodes: 5,
    });
    expect(read.ok && read.value.provenance.options).toEqual({
      device: "cuda",
      math: "f16",
      "estimate-unsupported": true,
      "merge-convolutions": true,
      "micro-batches": 8,
      "max-nodes": 5,
    });
    const both = { precision: "f16", math: "tf32" };
    const twice = written(both);
    expect(twice.ok && twice.value.provenance.options).toEqual(both);
  });

  it("reads a stream for every operator of a large model, as rules that open one per fork ask", () => {
    const { operators = SECTION } = ARTIFACT;
    const candidate = { algorithm: "opara", streams: 100_000, predictedNs: 1 };
    const launches = operators.launches.map((launch) => ({ ...launch, stream: 99_999 }));
    const wide = { ...operators, streams: 100_000, launches, candidates: [candidate] };
    const artifact: ScheduleArtifact = { ...ARTIFACT, operators: wide };
    expect(parseArtifact(encodeArtifact(artifact), "m.json")).toEqual({
      ok: true,
      value: artifact,
    });
  });

  it.each(WRONG)("refuses %s and names the place", (_what, change, pointer) => {
    const text = encodeArtifact(ARTIFACT);
    expect(change(text)).not.toBe(text);
    const read = parseArtifact(change(text), "m.json");
    expect(read.ok).toBe(false);
    expect(read.ok ? [] : read.error.map(({ where }) => where)).toContain(`m.json at ${pointer}`);
  });

  it("reports every problem, but no more than fifty", () => {
    const text = encodeArtifact(ARTIFACT);
    const two = parseArtifact(
      text.replace("measured", "felt").replace('"seed": 1', '"seed": "1"'),
      "",
    );
    expect(two.ok ? 0 : two.error.length).toBe(2);
    const { operators } = ARTIFACT;
    const launches = Array.from({ length: 500 }, () => operators?.launches[0] ?? []);
    const many = JSON.parse(text);
    many.operators.launches = launches.map((launch) => ({ ...launch, startNs: -1 }));
    const read = parseArtifact(JSON.stringify(many), "");
    expect(read.ok ? 0 : read.error.length).toBe(50);
  });

  it.each(["", "{", "\u0000", "[".repeat(50)])("refuses what is not JSON", (text) => {
    const read = parseArtifact(text, "m.json");
    expect(read).toMatchObject({ ok: false, error: [{ code: "schedule-not-json", exit: 1 }] });
  });

  it("does not care for how deep or large a wrong document is", () => {
    const deep = parseArtifact(`${"[".repeat(100_000)}${"]".repeat(100_000)}`, "m.json");
    expect(deep).toMatchObject({ ok: false, error: [{ code: "schedule-invalid" }] });
  });
});

describe("encodeArtifact", () => {
  it("keeps the order of the format whatever the order of the record", () => {
    const { provenance, device, operators } = ARTIFACT;
    const shuffled = { operators, device, provenance } as ScheduleArtifact;
    expect(encodeArtifact(shuffled)).toBe(encodeArtifact(ARTIFACT));
    expect(Object.keys(JSON.parse(encodeArtifact(shuffled)))).toEqual([
      "format",
      "version",
      "provenance",
      "device",
      "operators",
    ]);
  });
});
