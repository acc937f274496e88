import { describe, expect, it } from "vitest";
import { beside } from "../../../src/runtime/beside.js";

function moduleOf(code: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

describe("beside", () => {
  it("gives what the module's function gives, while this thread does not wait", async () => {
    const turns = new Int32Array(new SharedArrayBuffer(4));
    const code = "export function run({ turns, n }) { Atomics.add(turns, 0, n); return [n]; }";
    const pending = beside<number[]>(moduleOf(code), { turns, n: 7 });
    while (Atomics.load(turns, 0) === 0) {
      // This thread hears of nothing meanwhile.
    }
    expect(await pending).toEqual([7]);
  });

  it.each(["export function run() { throw new Error('no'); }", "export const run = 1;", "}"])(
    "gives nothing when the thread fails: %s",
    async (code) => {
      expect(await beside(moduleOf(code), {})).toBeUndefined();
    },
  );
});
