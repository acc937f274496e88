/** The measurements in `fixtures/measured`: one operator a row. */
import { readFileSync } from "node:fs";
import type { DeviceModel } from "../../../src/cost/device-model.js";
import { DEVICE_MODELS } from "../../../src/cost/device-models/catalog.js";

/** One measured operator. */
export interface MeasuredRow {
  readonly source: string;
  /** Whether figures of the model were chosen with it. */
  readonly part: "fit" | "test";
  readonly device: string;
  readonly operator: string;
  readonly type: "float32" | "tf32" | "float16";
  readonly sizes: Readonly<Record<string, number>>;
  /** Microseconds of all its kernels. */
  readonly us: number;
  readonly note: string;
}

/** Operators of `fixtures/measured`, a file each. */
export const SOURCES: readonly string[] =
  "neusight deepbench roller orion autotuned resnet50-traces kernel-traces".split(" ");

/**
 * Nsight Compute holds the clock at the base frequency: of a V100 SXM2, 1,290 of 1,530 MHz; memory is
 * as fast as ever. Times of it are taken 0.9 times as long, an assumption between the two.
 */
const AT_BASE_CLOCK = 0.9;

/** The rows of a source. */
export function measuredRows(source: string): MeasuredRow[] {
  return table(source).map((row) => ({
    source,
    part: row["part"] === "fit" ? "fit" : "test",
    device: row["device"] ?? "",
    operator: row["operator"] ?? "",
    type: row["type"] as MeasuredRow["type"],
    sizes: Object.fromEntries(
      (row["sizes"] ?? "").split(" ").map((pair) => {
        const [name = "", value] = pair.split("=");
        return [name, Number(value)];
      }),
    ),
    us: Number(row["us"]) * (source === "orion" ? AT_BASE_CLOCK : 1),
    note: row["note"] ?? "",
  }));
}

/** A table of `fixtures/measured`, its cells by column. */
export function table(name: string): Record<string, string>[] {
  const text = readFileSync(`fixtures/measured/${name}.csv`, "utf8");
  const [header = "", ...lines] = text.trimEnd().split("\n");
  const columns = header.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(columns.map((column, at) => [column, cells[at] ?? ""]));
  });
}

/** What the sources call the devices, and our model of them. */
const DEVICES: readonly (readonly [RegExp, string])[] = [
  [/V100-(SXM2|DGXS)/, "v100"],
  [/V100-PCIE/, "v100-pcie"],
  [/A100 80GB|A100-SXM4-80GB/, "a100-pcie-80gb"],
  // PG509: an SXM4 module with the peak rates and the memory of the 40 GB card.
  [/A100/, "a100-pcie-40gb"],
  [/H100/, "h100"],
  [/T4/, "t4"],
  [/2080 SUPER/, "rtx-2080-super"],
];

/** Our model of a device that was measured. */
export function deviceOf(name: string): DeviceModel {
  const known = DEVICES.find(([pattern]) => pattern.test(name))?.[1];
  const device = DEVICE_MODELS.find((each) => each.name === known);
  if (device === undefined) {
    throw new Error(`no device model of ${name}`);
  }
  return device;
}
