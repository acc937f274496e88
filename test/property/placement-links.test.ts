import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PipelineSection } from "../../src/artifact/pipeline-section.js";
import { searchedSection } from "../../src/driver/search-placement.js";
import {
  encodePlacement,
  parsePlacement,
  placementJson,
} from "../../src/placement/parse-placement.js";
import { verifyPipeline } from "../../src/verify/verify-pipeline.js";
import { linkedPlacement, type PlacementFile } from "../support/linked-placements.js";

/** The queues in which a transfer stands. */
function queuesOf(
  { name, order }: PlacementFile["links"][number],
  senders: readonly string[],
  receivers: readonly string[],
): readonly string[] {
  switch (order) {
    case "link":
      return [name];
    case "pair":
      return senders.flatMap((one) =>
        receivers.flatMap((other) =>
          one === other ? [] : [`${name} ${[one, other].sort().join()}`],
        ),
      );
    default:
      return [];
  }
}

/** What a schedule gets wrong about the links of its placement, by what the file says of them. */
function contradictions(
  { links, blocks, dependencies }: PlacementFile,
  { instances, microBatches }: PipelineSection,
): readonly string[] {
  const spans = new Map(instances.map((each) => [`${each.microBatch} ${each.block}`, each]));
  const devicesOf = new Map(blocks.map(({ id, devices }) => [id, devices]));
  const problems: string[] = [];
  const transfers: {
    link: string;
    start: number;
    end: number;
    idle: readonly string[];
    handedOver: number;
    queues: readonly string[];
  }[] = [];
  for (const { from, to, latency = 0, link, transfer = 0 } of dependencies) {
    const rules = links.find(({ name }) => name === link);
    for (let microBatch = 0; microBatch < microBatches; microBatch++) {
      const source = spans.get(`${microBatch} ${from}`)!;
      const target = spans.get(`${microBatch} ${to}`)!;
      if (target.start < source.end + transfer + latency) {
        problems.push(`${to}.${microBatch} starts before it can have what ${from} sends`);
      }
      const span = spans.get(`${microBatch} ${from}->${to}`);
      if (rules?.sharing === "exclusive" || (rules && rules.blocking !== "neither")) {
        if (
          span === undefined ||
          span.end - span.start !== transfer ||
          span.start < source.end ||
          target.start < span.end + latency
        ) {
          problems.push(`${from}->${to}.${microBatch} is not between its blocks`);
          continue;
        }
        const sender = ["sender", "both"].includes(rules.blocking) ? devicesOf.get(from)! : [];
        const receiver = ["receiver", "both"].includes(rules.blocking) ? devicesOf.get(to)! : [];
        transfers.push({
          link: rules.sharing === "exclusive" ? rules.name : "",
          start: span.start,
          end: span.end,
          idle: [...sender, ...receiver],
          handedOver: source.end,
          queues: queuesOf(rules, devicesOf.get(from)!, devicesOf.get(to)!),
        });
      } else if (span !== undefined) {
        problems.push(`${from}->${to}.${microBatch} is there, but holds nothing up`);
      }
    }
  }
  const meet = (a: { start: number; end: number }, b: { start: number; end: number }): boolean =>
    a.start < b.end && b.start < a.end;
  for (const [at, one] of transfers.entries()) {
    for (const other of transfers.slice(at + 1)) {
      const shares = one.idle.some((device) => other.idle.includes(device));
      if (meet(one, other) && ((one.link !== "" && one.link === other.link) || shares)) {
        problems.push("two transfers meet");
      }
      const [early, late] = one.handedOver < other.handedOver ? [one, other] : [other, one];
      const isInTurn = early.handedOver === late.handedOver || early.start <= late.start;
      if (!isInTurn && one.queues.some((queue) => other.queues.includes(queue))) {
        problems.push("a transfer overtakes another");
      }
    }
    for (const each of instances) {
      if (devicesOf.get(each.block)?.some((own) => one.idle.includes(own)) && meet(one, each)) {
        problems.push(`${each.block} runs during a transfer that holds its device`);
      }
    }
  }
  return problems;
}

describe("links of placements", () => {
  it("are written and read again as they were", () => {
    fc.assert(
      fc.property(linkedPlacement(), ({ placement }) => {
        expect(parsePlacement(encodePlacement(placement))).toEqual({ ok: true, value: placement });
      }),
    );
  });

  it("are heeded by every schedule, by what the file says of them", () => {
    let held = 0;
    fc.assert(
      fc.property(
        linkedPlacement(),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom("top-compile" as const, "quick" as const, "tessel-fast" as const),
        ({ file, placement }, microBatches, algorithm) => {
          const section = searchedSection(placement, { algorithm, microBatches, maxNodes: 1000 });
          if (!section.ok) {
            return;
          }
          held += section.value.instances.some(({ block }) => block.includes("->")) ? 1 : 0;
          expect(contradictions(file, section.value)).toEqual([]);
          expect(verifyPipeline(section.value, "s.json").ok).toBe(true);
          expect(section.value.placement).toEqual(placementJson(placement));
        },
      ),
      { numRuns: 150 },
    );
    expect(held).toBeGreaterThan(0);
  });

  it("are missed by verify where a transfer is moved to a time that a link forbids", () => {
    let forbidden = 0;
    fc.assert(
      fc.property(
        linkedPlacement(),
        fc.nat(1000),
        fc.integer({ min: -4, max: 4 }),
        ({ file, placement }, which, by) => {
          const found = searchedSection(placement, { algorithm: "quick", microBatches: 2 });
          const transfers = found.ok
            ? found.value.instances.filter(({ block }) => block.includes("->"))
            : [];
          const moved = transfers[which % Math.max(1, transfers.length)];
          if (!found.ok || moved === undefined) {
            return;
          }
          const instances = found.value.instances.map((each) =>
            each === moved ? { ...each, start: each.start + by, end: each.end + by } : each,
          );
          const section = { ...found.value, instances };
          if (contradictions(file, section).length > 0) {
            forbidden++;
            expect(verifyPipeline(section, "s.json").ok).toBe(false);
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(forbidden).toBeGreaterThan(0);
  });
});
