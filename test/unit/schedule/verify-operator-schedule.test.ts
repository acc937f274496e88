import { describe, expect, it } from "vitest";
import { operatorId } from "../../../src/ir/operator-graph.js";
import type { Launch, OperatorSchedule } from "../../../src/schedule/operator-schedule.js";
import { verifyOperatorSchedule } from "../../../src/schedule/verify-operator-schedule.js";
import { graphOf } from "../../support/graphs.js";

/** 0 -> 1 -> 3, 0 -> 2 -> 3, 0 -> 3. */
const diamond = graphOf([{}, { after: [0] }, { after: [0] }, { after: [0, 1, 2] }]);

function launch(operator: number, stream: number, waits: number[] = [], record = false): Launch {
  return { operator: operatorId(operator), stream, waits: waits.map(operatorId), record };
}

function schedule(streams: number, ...launches: Launch[]): OperatorSchedule {
  return { algorithm: "test", streams, launches };
}

const good = [launch(0, 0, [], true), launch(1, 0), launch(2, 1, [0], true), launch(3, 0, [2])];

function kinds(tested: OperatorSchedule): string[] {
  return verifyOperatorSchedule(diamond, tested).map(({ kind }) => kind);
}

function changed(at: number, change: Partial<Launch>): OperatorSchedule {
  return schedule(2, ...good.map((old, i) => (i === at ? { ...old, ...change } : old)));
}

describe("verifyOperatorSchedule", () => {
  it("accepts a right schedule on one and on two streams", () => {
    expect(kinds(schedule(2, ...good))).toEqual([]);
    expect(kinds(schedule(1, ...[0, 1, 2, 3].map((id) => launch(id, 0))))).toEqual([]);
  });

  it("accepts an empty schedule of an empty graph only", () => {
    expect(verifyOperatorSchedule(graphOf([]), schedule(0))).toEqual([]);
    expect(kinds(schedule(0))).toEqual(Array(4).fill("missing-operator"));
  });

  it.each([
    ["missing-operator", schedule(2, ...good.slice(0, 3))],
    ["repeated-operator", schedule(2, ...good, launch(3, 0))],
    ["unknown-operator", schedule(2, ...good, launch(4, 0))],
    ["unknown-operator", schedule(2, ...good, launch(0.5, 0))],
    ["stream-out-of-range", changed(1, { stream: 2 })],
    ["stream-out-of-range", changed(1, { stream: -1 })],
    ["unused-stream", schedule(3, ...good)],
    ["unknown-wait", changed(3, { waits: [operatorId(2), operatorId(9)] })],
  ])("reports %s and nothing that has no meaning any more", (kind, tested) => {
    expect(new Set(kinds(tested))).toEqual(new Set([kind]));
  });

  it("reports a count of streams that no machine could hold without trying to", () => {
    expect(kinds(schedule(1e12, ...good))).toContain("unused-stream");
  });

  it("names the dependency that no wait implies", () => {
    expect(verifyOperatorSchedule(diamond, changed(2, { waits: [] }))).toEqual([
      { kind: "needless-record", operator: 0 },
      { kind: "unmet-dependency", operator: 2, predecessor: 0 },
    ]);
  });

  it("names the dependency whose operator is launched later on the same stream", () => {
    const tested = schedule(1, launch(1, 0), launch(0, 0), launch(2, 0), launch(3, 0));
    expect(verifyOperatorSchedule(diamond, tested)).toEqual([
      { kind: "unmet-dependency", operator: 1, predecessor: 0 },
    ]);
  });

  it("names the wait that another wait implies", () => {
    const tested = schedule(
      3,
      launch(0, 0, [], true),
      launch(1, 1, [0], true),
      launch(2, 0, [], true),
      launch(3, 2, [0, 1, 2]),
    );
    expect(verifyOperatorSchedule(diamond, tested)).toEqual([
      { kind: "redundant-wait", operator: 3, wait: 0 },
    ]);
  });

  it("reports a wait for an operator of its own stream", () => {
    const tested = changed(3, { waits: [operatorId(0), operatorId(2)], stream: 0 });
    expect(kinds(tested)).toEqual(["wait-on-own-stream"]);
  });

  it("reports records without waits and waits without records", () => {
    expect(kinds(changed(1, { record: true }))).toEqual(["needless-record"]);
    expect(kinds(changed(0, { record: false }))).toEqual(["missing-record"]);
  });

  it("reports waits out of order and repeated", () => {
    expect(kinds(changed(3, { waits: [operatorId(2), operatorId(2)] }))).toContain(
      "unsorted-waits",
    );
  });

  it("reports a wait for a later launch, and the deadlock that it closes", () => {
    const tested = schedule(
      2,
      launch(0, 0, [], true),
      launch(1, 0, [2], true),
      launch(2, 1, [0, 1], true),
      launch(3, 0, [2]),
    );
    const problems = verifyOperatorSchedule(diamond, tested);
    expect(problems).toContainEqual({ kind: "wait-on-later-launch", operator: 1, wait: 2 });
    expect(problems).toContainEqual({ kind: "deadlock", operator: 1, stuck: 3 });
  });
});
