import { describe, expect, it } from "vitest";
import { driftOf, sortEvents, withEscapedNames } from "../../../src/profile/profiler-events.js";

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

describe("withEscapedNames", () => {
  /** The profile as ONNX Runtime writes it, which escapes nothing. */
  function written(names: readonly string[]): string {
    const events = names.map(
      (name, at) =>
        `{"cat" : "Node","name" :"${name}_kernel_time","dur" :${at + 1},"ts" :${10 * at},"args" : {"op_name" : "Add"}}`,
    );
    const whole = '{"cat" : "Session","name" :"model_run","dur" :900,"ts" :0,"args" : {}}';
    return `[\n${[whole, ...events].join(",\n")}\n]\n`;
  }

  it.each([
    ["a backslash", "a\\b"],
    ["a quote", 'a"b'],
    ["a line break", "a\nb"],
    ["a control character", "a\u0001b"],
    ["what looks like an escape", "a\\u0062"],
    ["no such thing", "a/b.c"],
  ])("keeps a name with %s apart from others", (_, name) => {
    const names = ["first", name, "last"];
    const { kernelNs } = sortEvents(withEscapedNames(written(names), names), 0);
    expect([...kernelNs].map(([each, times]) => [each, ...times])).toEqual([
      ["first", 1000],
      [name, 2000],
      ["last", 3000],
    ]);
  });

  it("leaves names alone that were escaped already", () => {
    const text = JSON.stringify([run(0, 30), node('a"b', 1, 2)]);
    expect(withEscapedNames(text, ['a"b'])).toBe(text);
  });
});

describe("driftOf", () => {
  it("is the largest relative distance of the sessions' medians", () => {
    expect(driftOf([[10, 10, 99], [11], [12, 12]])).toBeCloseTo(0.2);
    expect(driftOf([[10]])).toBe(0);
    expect(driftOf([[0], [5]])).toBe(0);
  });
});
