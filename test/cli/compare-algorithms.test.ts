import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { V100 } from "../../src/cost/device-models/ampere-and-before.js";
import type { Explanation } from "../../src/report/explanation.js";
import type { GpuComparison } from "../../src/report/gpu-comparison.js";
import { GPU_ALGORITHMS } from "../../src/schedule/algorithm-names.js";
import { runCli } from "../support/run-cli.js";

const MODEL = "fixtures/models/googlenet.onnx";

let folder = "";
let out = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-compare-"));
  out = join(folder, "googlenet.json");
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("--compare", () => {
  it("shows every algorithm, and the artifact has what was asked for", async () => {
    const base = [MODEL, "--device", "rtx-2080-super", "-o", out, "--quiet", "--compare"];
    const run = await runCli([...base, "--algorithm", "opara", "--json"]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    const comparison = JSON.parse(run.stdout) as GpuComparison;
    const names = comparison.algorithms.map(({ algorithm }) => algorithm);
    expect([...names].sort()).toEqual([...GPU_ALGORITHMS].sort());
    expect(names[0]).toBe("top-compile");
    for (const compared of comparison.algorithms) {
      const { predictedNs, boundGap, speedUp, speedUpRange, searchMs } = compared;
      expect(predictedNs / comparison.lowerBoundNs - 1).toBeCloseTo(boundGap, 3);
      expect(speedUp).toBeGreaterThanOrEqual(1);
      expect(searchMs).toBeGreaterThan(0);
      expect(speedUpRange?.low).toBeLessThanOrEqual(speedUp);
      expect(speedUpRange?.high).toBeGreaterThanOrEqual(speedUp);
    }
    const lows = comparison.algorithms.map(({ speedUpRange }) => speedUpRange?.low ?? 0);
    expect(lows).toEqual([...lows].sort((a, b) => b - a));
    const { operators } = JSON.parse(readFileSync(out, "utf8"));
    expect(operators.algorithm).toBe("opara");
    expect(readFileSync(out, "utf8")).not.toContain("searchMs");
    const opara = comparison.algorithms.find(({ algorithm }) => algorithm === "opara");
    expect(operators.latencyNs.predicted).toBe(opara?.predictedNs);
    expect(operators.range.speedUp).toEqual(opara?.speedUpRange);
    const waits = operators.launches.flatMap((each: { waits: string[] }) => each.waits);
    expect(waits.length).toBe(opara?.waits);

    const text = await runCli(base);
    for (const name of [...GPU_ALGORITHMS, "over bound", "search", "bound"]) {
      expect(text.stdout).toContain(name);
    }
    expect(text.stdout).toMatch(/^opara .* \d\.\d\dx to \d\.\d\dx /m);
  });

  it("is refused where schedules are measured", async () => {
    const run = await runCli([MODEL, "--compare", "-o", out]);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain("error[option-not-applicable]");
  });
});

describe("explain on a GPU", () => {
  it("says why the schedule is not shorter, from the artifact alone", async () => {
    const path = join(folder, "explained.json");
    const argv = [MODEL, "--device", "v100", "--math", "ieee", "-o", path, "--quiet"];
    expect((await runCli(argv)).status).toBe(0);
    const { stdout } = await runCli(["explain", path, "--json"]);
    const { gpu, latencyNs, range } = JSON.parse(stdout) as Explanation;
    expect(range).toEqual(JSON.parse(readFileSync(path, "utf8")).operators.range);
    expect(range?.scenarios).toHaveLength(9);
    const { aloneNs, slowedNs, launchGapsNs, eventsNs, roomNs } = gpu?.chain ?? expect.fail();
    // The parts are the whole: each link begins where the one before ended.
    expect(aloneNs + slowedNs + launchGapsNs + eventsNs + roomNs).toBe(latencyNs);
    const largest = gpu?.bounds[0]?.ns ?? 0;
    expect(largest).toBe(JSON.parse(readFileSync(path, "utf8")).operators.lowerBoundNs);
    expect(largest).toBeLessThanOrEqual(latencyNs);
    for (const percents of Object.values(gpu?.usePercent ?? {})) {
      expect(percents.length).toBe(96);
      expect(Math.max(...percents)).toBeLessThanOrEqual(100.1);
      expect(Math.max(...percents)).toBeGreaterThan(5);
    }
    const text = await runCli(["explain", path, "--ascii", "--width", "80"]);
    expect(text.stdout).toContain("why it is not shorter");
    expect(text.stdout).toMatch(/^SMs .*[#*@]/m);
    expect(text.stdout).toContain("longest path of operators");
    expect(text.stdout).toMatch(/^speed-up over what is assumed of the device: \S+x to \S+x$/m);
    const { dispatchNs } = V100.ranges ?? {};
    const starts = new RegExp(` ${dispatchNs?.high} ns +10 % +alone `, "g");
    expect(text.stdout.match(starts)).toHaveLength(4);
    expect(Math.max(...text.stdout.split("\n").map((line) => line.length))).toBeLessThan(130);
  });
});
