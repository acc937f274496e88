import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exportChromeTrace } from "../../src/export/chrome-trace.js";
import { exportCsv } from "../../src/export/csv.js";
import { exportPlacement } from "../../src/export/placement.js";
import { exportSvg } from "../../src/export/svg-timeline.js";
import { parsePlacement, placementDifference } from "../../src/placement/parse-placement.js";
import type { Placement } from "../../src/placement/placement.js";
import { everyPlacement } from "../support/chain-placements.js";
import { exportedBy, orderedSubject } from "../support/export-subjects.js";
import { readCsv } from "../support/read-csv.js";
import { brokenTraceRules, type ReadEvent } from "../support/trace-rules.js";

/** Names with all that means something in a table, a picture or a trace. */
const NAME = fc.string({
  minLength: 1,
  maxLength: 6,
  unit: fc.constantFrom(..."a<>&\"',;\\\n\r\t="),
});

const DRAWN = fc
  .record({
    placement: everyPlacement(),
    microBatches: fc.integer({ min: 1, max: 4 }),
    choice: fc.nat(1000),
    name: NAME,
  })
  .map(({ placement, name, ...rest }) => ({ ...rest, placement: renamed(placement, name) }));

function renamed({ blocks, devices, ...rest }: Placement, name: string): Placement {
  return {
    ...rest,
    devices: devices.map((device) => ({ ...device, name: `${name}${device.name}` })),
    blocks: blocks.map((block) => ({ ...block, id: `${block.id}${name}` })),
  };
}

describe("exports of any pipeline", () => {
  it("show every block on every device once, and keep the rules of their formats", async () => {
    await fc.assert(
      fc.asyncProperty(DRAWN, async ({ placement, microBatches, choice }) => {
        const subject = orderedSubject(placement, microBatches, (count) => choice % count);
        const bars = placement.blocks.reduce((sum, { devices }) => sum + devices.length, 0);
        const count = bars * microBatches;
        const trace = JSON.parse((await exportedBy(exportChromeTrace, subject)).text);
        const events: readonly ReadEvent[] = trace.traceEvents;
        expect(brokenTraceRules(events)).toEqual([]);
        expect(events.filter(({ ph }) => ph === "X").length).toBe(count);
        const svg = (await exportedBy(exportSvg, subject)).text;
        expect(svg.match(/<rect x=/g)?.length).toBe(count);
        const [header, ...rows] = readCsv((await exportedBy(exportCsv, subject)).text.trimEnd());
        expect(rows.length).toBe(count);
        expect(new Set(rows.map((row) => row.length))).toEqual(new Set([header?.length]));
        const names = new Set(rows.map(([block]) => block));
        expect(names).toEqual(new Set(placement.blocks.map(({ id }) => id)));
      }),
    );
  });

  it("have the placement that was scheduled", async () => {
    await fc.assert(
      fc.asyncProperty(DRAWN, async ({ placement }) => {
        const { text } = await exportedBy(
          exportPlacement,
          orderedSubject(placement, 1, () => 0),
        );
        const read = parsePlacement(text);
        // Placements that no memory can hold are refused by their readers.
        expect(read.ok ? placementDifference(read.value, placement) : undefined).toBe(undefined);
      }),
    );
  });
});
