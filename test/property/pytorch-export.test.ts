import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ExportSubject } from "../../src/export/export-format.js";
import { exportPytorch } from "../../src/export/pytorch/export-pytorch.js";
import { chainPlacement, everyPlacement } from "../support/chain-placements.js";
import { orderedSubject, textOf } from "../support/export-subjects.js";
import { computeCells, runRanks } from "../support/rank-simulator.js";

/** Rows of cells of a schedule. */
const rowsIn = (text: string): readonly (readonly string[])[] =>
  text
    .trimEnd()
    .split("\n")
    .map((row) => row.split(","));

/** The cells that every rank has to have, with the time that each takes, by the names of blocks. */
function wanted({ pipeline }: ExportSubject) {
  const { section, placement } = pipeline!;
  const blocks = new Map(placement.blocks.map((block) => [block.id, block]));
  const forwards = placement.blocks.filter(({ kind }) => kind === "forward").length;
  const isTwice = blocks.has("af0");
  const chainLength = isTwice ? forwards / 2 : forwards;
  const isSplit = placement.blocks.some(({ kind }) => kind === "weight");
  const partsOf = (id: string) => {
    const [, name = "", kind = "", stage = ""] = /^([ab])?([fbw])(\d+)$/.exec(id) ?? [];
    return { chain: name, kind, stage: Number(stage) + (name === "b" ? chainLength : 0) };
  };
  const numberOf = (chain: string, microBatch: number): number =>
    section.instances
      .filter(({ block }) => block === `${chain}f${chainLength - 1}`)
      .findIndex((each) => each.microBatch === microBatch);
  const rows = placement.devices.map((_, device) =>
    section.instances.flatMap(({ block, microBatch }) => {
      const { devices, duration } = blocks.get(block)!;
      const { chain, kind, stage } = partsOf(block);
      const isHead = isTwice && stage === chainLength;
      const letters = { f: "F", b: isSplit ? (isHead ? "" : "I") : "B", w: isHead ? "B" : "W" };
      const letter = letters[kind as "f" | "b" | "w"];
      const cell = `${stage}${letter}${numberOf(chain, microBatch)}`;
      return devices.includes(device) && letter !== "" ? [{ cell, duration }] : [];
    }),
  );
  return { rows, chainLength };
}

const SCHEDULES = fc.record({
  placement: chainPlacement(),
  microBatches: fc.integer({ min: 1, max: 6 }),
  choices: fc.array(fc.nat(1000), { minLength: 1, maxLength: 40 }),
});

const subjectFor = ({
  placement,
  microBatches,
  choices,
}: typeof SCHEDULES extends fc.Arbitrary<infer T> ? T : never): ExportSubject => {
  let at = 0;
  return orderedSubject(
    placement,
    microBatches,
    (count) => choices[at++ % choices.length]! % count,
  );
};

describe("schedules for PyTorch", () => {
  it("keep the order of every device, and run without blocking, as fast as predicted", async () => {
    let exported = 0;
    await fc.assert(
      fc.asyncProperty(SCHEDULES, async (drawn) => {
        const subject = subjectFor(drawn);
        const result = await exportPytorch(subject);
        if (!result.ok) {
          expect(result.error[0].code).toBe("export-block-unfit");
          expect(result.error[0].where).toMatch(/^a\.schedule\.json, (?:block|device) \S+$/);
          return;
        }
        exported++;
        const cells = rowsIn(textOf(result.value.files[0]));
        const { rows, chainLength } = wanted(subject);
        const isTraining = drawn.placement.blocks.some(({ kind }) => kind !== "forward");
        const compute = cells.map(computeCells);
        expect(
          isTraining ? compute : compute.map((row, at) => row.slice(0, rows[at]!.length)),
        ).toEqual(rows.map((row) => row.map(({ cell }) => cell)));
        const durationOf = (rank: number, at: number): number => rows[rank]![at]?.duration ?? 0;
        const run = runRanks(cells, { chainLength, durationOf });
        expect(run.problems).toEqual([]);
        expect(run.end).toBeLessThanOrEqual(subject.pipeline!.section.makespan);
      }),
      // Most chains have what PyTorch has no stage for.
      { numRuns: 500 },
    );
    expect(exported).toBeGreaterThan(10);
  });

  it("say of the stages what has to be said once, where it belongs", async () => {
    await fc.assert(
      fc.asyncProperty(SCHEDULES, async (drawn) => {
        const result = await exportPytorch(subjectFor(drawn));
        if (!result.ok) {
          return;
        }
        const isTraining = drawn.placement.blocks.some(({ kind }) => kind !== "forward");
        for (const row of rowsIn(textOf(result.value.files[0]))) {
          const own = [...new Set(computeCells(row).map((cell) => Number.parseInt(cell, 10)))];
          const at = (stage: number, what: string): number => row.indexOf(`${stage}${what}`);
          for (const stage of own) {
            const last = row.findLastIndex((cell) => new RegExp(`^${stage}[BW]\\d`).test(cell));
            expect(at(stage, "UNSHARD")).toBeLessThan(own.length);
            expect(at(stage, "RESHARD")).toBeGreaterThanOrEqual(row.length - own.length);
            const reduced = at(stage, "REDUCE_GRAD");
            expect(isTraining ? reduced > last : reduced === -1).toBe(true);
          }
        }
      }),
    );
  });

  it("are refused by name, or made, of every placement", async () => {
    const any = fc.record({ placement: everyPlacement(), choice: fc.nat(100) });
    await fc.assert(
      fc.asyncProperty(any, async ({ placement, choice }) => {
        const result = await exportPytorch(orderedSubject(placement, 2, (count) => choice % count));
        const isSaid =
          result.ok || result.error.every(({ where }) => /, (?:block|device) \S/.test(where ?? ""));
        expect(isSaid).toBe(true);
      }),
    );
  });
});

describe("the rules of NCCL", () => {
  const one = { chainLength: 2, durationOf: () => 1 };
  const good = [
    ["0F0", "0SEND_F0", "0F1", "0SEND_F1", "0RECV_B0", "0B0", "0RECV_B1", "0B1"],
    ["1RECV_F0", "1F0", "1RECV_F1", "1B0", "1SEND_B0", "1F1", "1B1", "1SEND_B1"],
  ];

  it("let a schedule pass whose ranks ask in one order", () => {
    expect(runRanks(good, one)).toEqual({ end: 6, problems: [] });
  });

  it.each<[string, readonly (readonly string[])[]]>([
    ["swapped receives", [good[0]!, good[1]!.with(0, "1RECV_F1").with(2, "1RECV_F0")]],
    ["a send that is missing", [good[0]!.filter((cell) => cell !== "0SEND_F1"), good[1]!]],
    ["a receive that is missing", [good[0]!, good[1]!.filter((cell) => cell !== "1RECV_F1")]],
    ["a send before what it sends", [good[0]!.with(0, "0SEND_F0").with(1, "0F0"), good[1]!]],
    [
      "a receive that stands too early on both ranks",
      [
        ["0F0", "0RECV_B0", "0SEND_F0", "0B0"],
        ["1RECV_F0", "1F0", "1B0", "1SEND_B0"],
      ],
    ],
  ])("find %s", (_, rows) => {
    const run = runRanks(rows, one);
    expect(run.problems.length).toBeGreaterThan(0);
  });
});
