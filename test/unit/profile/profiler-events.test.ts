import { describe, expect, it } from "vitest";
import { driftOf, sortEvents } from "../../../src/profile/profiler-events.js";

function run(ts: number, dur: number) {
  return { cat: "Session", name: "model_run", ts, dur };
}

function node(name: string, ts: number, dur: number) {
  return { cat: "Node", name: `${name}_kernel_time`, ts, dur };
}

const OTHER = { cat: "Session", name: "session_initialization", ts: 0, dur: 5 };

describe("sortEvents", () => {
  it("gives each run its kernels and drops the first runs", () => {
    const text = JSON.stringify([
      OTHER,
      node("a", 11, 900),
      run(10, 1000),
      node("a", 2001, 10),
      node("b", 2011, 20),
      run(2000, 35),
      node("a", 3000, 12),
      run(3000, 15),
    ]);
    const { runNs, kernelNs } = sortEvents(text, 1);
    expect(runNs).toEqual([35_000, 15_000]);
    expect([...(kernelNs.get("a") ?? [])]).toEqual([10_000, 12_000]);
    expect([...(kernelNs.get("b") ?? [])]).toEqual([20_000, 0]);
  });

  it("counts what runs inside a body with the node that holds it", () => {
    const events = [node("inner", 5, 3), node("loop", 2, 20), node("after", 22, 4), run(1, 30)];
    const { kernelNs } = sortEvents(JSON.stringify(events), 0);
    expect([...kernelNs.keys()].sort()).toEqual(["after", "loop"]);
  });

  it("adds up a node that runs twice in a run", () => {
    const events = [run(0, 30), node("a", 1, 2), node("a", 10, 3)];
    expect([...(sortEvents(JSON.stringify(events), 0).kernelNs.get("a") ?? [])]).toEqual([5000]);
  });

  it("gives nothing when every run is dropped", () => {
    expect(sortEvents(JSON.stringify([run(0, 3), node("a", 0, 2)]), 3)).toEqual({
      runNs: [],
      kernelNs: new Map(),
    });
  });
});

describe("driftOf", () => {
  it("is the largest relative distance of the sessions' medians", () => {
    expect(driftOf([[10, 10, 99], [11], [12, 12]])).toBeCloseTo(0.2);
    expect(driftOf([[10]])).toBe(0);
    expect(driftOf([[0], [5]])).toBe(0);
  });
});
