import { describe, expect, it } from "vitest";
import type { Result } from "../../../../src/core/result.js";
import { openServer, type Served } from "../../../../src/runtime/serving/server.js";
import type { ServedModel } from "../../../../src/runtime/serving/serving-plan.js";
import type { TensorSpec } from "../../../../src/runtime/tensor-data.js";
import { SKIP_REASON } from "../../../support/onnx-runtime.js";
import { policyOf } from "../../../support/serving.js";
import { tinyModel } from "../../../support/tiny-model.js";

const WIDTH = 3;

function value<T>(result: Result<T>): T {
  if (!result.ok) {
    throw new Error(`${result.error[0].code}: ${result.error[0].message}`);
  }
  return result.value;
}

/** A model that negates or doubles, for batches of 1, 2 and 4. */
function servedModel(name: string, type: "Neg" | "Abs", workers: number): ServedModel {
  const spec = (tensor: string, batch: number): TensorSpec => ({
    name: tensor,
    elementType: "float32",
    dims: [batch, WIDTH],
  });
  const batchOf = (batch: number) => {
    const [inputs, outputs] = [[spec("x", batch)], [spec("y", batch)]];
    const nodes = [{ type, inputs: ["x"], outputs: ["y"] }];
    return { batch, model: tinyModel({ nodes, inputs, outputs }), inputs, outputs };
  };
  const feeds = [1, 2, 3, 4, 5].map(
    (set) => new Map([["x", new Uint8Array(Float32Array.of(set, -set, set / 2).buffer)]]),
  );
  return {
    name,
    one: { inputs: [spec("x", 1)], outputs: [spec("y", 1)] },
    batches: [1, 2, 4].map(batchOf),
    threads: 1,
    workers,
    feeds,
  };
}

/** The tasks of a model: requests that were launched at one time, with their times. */
function tasksOf({ launchNs, endNs }: Served, model: number) {
  const launches = [...launchNs[model]!];
  return [...new Set(launches)].map((from) => {
    const first = launches.indexOf(from);
    const requests = launches.filter((each) => each === from).length;
    return { from, to: endNs[model]![first]!, requests };
  });
}

/** Most tasks in flight at the moment of a launch. */
function mostInFlight(tasks: readonly { readonly from: number; readonly to: number }[]): number {
  return Math.max(
    ...tasks.map(({ from: now }) => tasks.filter(({ from, to }) => from <= now && now < to).length),
  );
}

/** Requests that come in bursts. */
const bursts = (count: number, size: number, gapNs: number): Float64Array =>
  Float64Array.from({ length: count }, (_, at) => Math.floor(at / size) * gapNs + (at % size));

describe.skipIf(SKIP_REASON !== undefined)("a server", () => {
  it("answers every request once, rightly, within the limits of the policy", async () => {
    const server = value(
      await openServer([servedModel("n", "Neg", 3), servedModel("a", "Abs", 2)]),
    );
    try {
      for (const [inFlight, periodNs] of [
        [undefined, 0],
        [1, 0],
        [2, 200_000],
      ] as const) {
        const arrivals = [bursts(300, 7, 400_000), bursts(200, 3, 300_000)];
        const policy = policyOf(
          [
            { batch: 4, concurrency: 3, periodNs },
            { batch: 2, concurrency: 2 },
          ],
          inFlight,
        );
        const served = value(await server.serve(arrivals, policy, { keepEvery: 1 }));
        expect(served.cut).toBeUndefined();
        const all = [tasksOf(served, 0), tasksOf(served, 1)];
        for (const [model, tasks] of all.entries()) {
          const { batch, concurrency } = policy.models[model]!;
          const launches = [...served.launchNs[model]!];
          expect(launches).toEqual([...launches].sort((a, b) => a - b));
          expect(launches.every((at, i) => at >= arrivals[model]![i]!)).toBe(true);
          expect([...served.endNs[model]!].every((at, i) => at >= launches[i]!)).toBe(true);
          expect(served.launches[model]).toBe(tasks.length);
          expect(Math.max(...tasks.map(({ requests }) => requests))).toBeLessThanOrEqual(batch);
          expect(mostInFlight(tasks)).toBeLessThanOrEqual(concurrency);
        }
        expect(mostInFlight(all.flat())).toBeLessThanOrEqual(inFlight ?? 5);
        const starts = all[0]!.map(({ from }) => from);
        expect(starts.every((from, at) => at === 0 || from - starts[at - 1]! >= periodNs)).toBe(
          true,
        );
        const keys = served.answers.map(({ model, request }) => `${model} ${request}`);
        expect(new Set(keys).size).toBe(500);
        for (const { model, request, outputs } of served.answers) {
          const set = 1 + (request % 5);
          const wanted = model === 0 ? [-set, set, -set / 2] : [set, set, set / 2];
          const found = outputs.get("y")!;
          expect([...new Float32Array(found.slice().buffer)]).toEqual(wanted);
        }
      }
    } finally {
      await server.close();
    }
  });

  it("takes together what waits", async () => {
    const server = value(await openServer([servedModel("n", "Neg", 1)]));
    try {
      const served = value(await server.serve([new Float64Array(10)], policyOf([{ batch: 4 }])));
      // All are there from the beginning: 4, 4 and the 2 that are left.
      expect(tasksOf(served, 0).map(({ requests }) => requests)).toEqual([4, 4, 2]);
    } finally {
      await server.close();
    }
  });

  it("refuses what finds a full queue, and answers every other request", async () => {
    const server = value(await openServer([servedModel("n", "Neg", 1)]));
    try {
      for (const kind of ["newest", "oldest"] as const) {
        const shed = { kind, queue: 3 };
        const arrivals = [new Float64Array(10)];
        const served = value(
          await server.serve(arrivals, policyOf([{ batch: 2, shed }]), { keepEvery: 1 }),
        );
        // All ten are there from the beginning: three wait, in two tasks.
        const refused = [...served.isRefused[0]!];
        const kept = kind === "newest" ? [0, 1, 2] : [7, 8, 9];
        expect(refused.map((each, at) => (each === 0 ? at : -1)).filter((at) => at >= 0)).toEqual(
          kept,
        );
        expect(served.launches).toEqual([2]);
        expect(served.cut).toBeUndefined();
        expect(served.answers.map(({ request }) => request)).toEqual(kept);
        for (const [at, isRefused] of refused.entries()) {
          expect(served.launchNs[0]![at]! < 0).toBe(isRefused === 1);
          expect(served.endNs[0]![at]).toBeGreaterThanOrEqual(0);
        }
      }
    } finally {
      await server.close();
    }
  });

  it("refuses requests that it would answer too late", async () => {
    const server = value(await openServer([servedModel("n", "Neg", 1)]));
    try {
      // One request alone takes longer than all of them may.
      const shed = { kind: "deadline", objectiveNs: 1e6 } as const;
      const served = value(
        await server.serve([new Float64Array(20)], policyOf([{ shed }]), { aloneNs: [2e6] }),
      );
      expect([...served.isRefused[0]!]).toEqual(Array.from({ length: 20 }, () => 1));
      expect(served.launches).toEqual([0]);
      expect(served.cut).toBeUndefined();
    } finally {
      await server.close();
    }
  });

  it("gives what was answered when it is stopped", async () => {
    const stop = new AbortController();
    const server = value(await openServer([servedModel("n", "Neg", 2)], { signal: stop.signal }));
    try {
      // The last request comes in an hour.
      const arrivals = Float64Array.of(0, 1000, 3.6e12);
      let answered = 0;
      const onProgress = (launched: number): void => {
        answered = launched;
        if (launched === 2) {
          stop.abort();
        }
      };
      const served = value(
        await server.serve([arrivals], policyOf([{ concurrency: 2 }]), { onProgress }),
      );
      expect(answered).toBe(2);
      expect(served.cut).toBe("stopped");
      expect([...served.launchNs[0]!].map((at) => at >= 0)).toEqual([true, true, false]);
    } finally {
      await server.close();
    }
  });

  it("says which model cannot be served", async () => {
    const broken = servedModel("broken", "Neg", 1);
    const batches = broken.batches.map((each) => ({ ...each, model: Uint8Array.of(1, 2, 3) }));
    const opened = await openServer([{ ...broken, batches }]);
    expect(opened.ok).toBe(false);
    expect(opened.ok ? [] : opened.error).toMatchObject([
      { code: "serving-failed", where: "broken" },
    ]);
  });
});
