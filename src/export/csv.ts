/** A schedule as a table (RFC 4180): for spreadsheets, data frames and tools of one's own. */
import type { OperatorsSection } from "../artifact/artifact.js";
import type { LauncherSection } from "../artifact/launcher-section.js";
import { present } from "../core/invariant.js";
import { ok, type Result } from "../core/result.js";
import type { Exported, ExportedPipeline, ExportSubject } from "./export-format.js";
import { linesWithin } from "./lines-within.js";

type Row = readonly (string | number)[];

const OPERATOR_COLUMNS = [
  "position",
  "operator",
  "stream",
  "waits",
  "record",
  "startNs",
  "endNs",
  "aloneNs",
] as const;

const POLICY_COLUMNS = [
  "scale",
  "policy",
  "isBest",
  "model",
  "variant",
  "batch",
  "concurrency",
  "periodNs",
  "throughput",
  "goodput",
  "late",
  "shed",
  "p50Ns",
  "p99Ns",
] as const;

const MARK = /^(?:position,operator|block,kind|scale,policy),/;

/**
 * The table of a schedule: a row for each launch, for each device of a block instance, or for each model of a policy.
 * Waits are positions of other rows, separated by spaces. Fails: `export-too-large`. */
export function exportCsv(subject: ExportSubject): Result<Exported> {
  const { file, name } = subject;
  const [header, rows] = tableOf(subject);
  const content = linesWithin(
    [header, ...rows].map((row) => row.map(cell).join(",")),
    file,
    "csv",
  );
  return content.ok
    ? ok({ files: [{ name, content: content.value, mark: MARK }], notes: [] })
    : content;
}

function tableOf({ artifact, pipeline }: ExportSubject): readonly [Row, readonly Row[]] {
  const { operators, launcher } = artifact;
  if (pipeline !== undefined) {
    return [instanceColumns(pipeline), instanceRows(pipeline)];
  }
  return operators === undefined
    ? [POLICY_COLUMNS, policyRows(present(launcher, "launcher section"))]
    : [OPERATOR_COLUMNS, operatorRows(operators)];
}

function operatorRows({ launches }: OperatorsSection): readonly Row[] {
  const positions = new Map(launches.map(({ operator }, at) => [operator, at]));
  return launches.map(({ operator, stream, waits, record, ...times }, position) => [
    position,
    operator,
    stream,
    waits.map((name) => positions.get(name)).join(" "),
    String(record),
    times.startNs ?? "",
    times.endNs ?? "",
    times.aloneNs ?? "",
  ]);
}

function instanceColumns({ placement }: ExportedPipeline): Row {
  const unit = placement.timeUnit === "ns" ? "Ns" : "Steps";
  return ["block", "kind", "device", "microBatch", `start${unit}`, `end${unit}`, "phase"];
}

function instanceRows({ section, placement }: ExportedPipeline): readonly Row[] {
  const blocks = new Map(placement.blocks.map((block) => [block.id, block]));
  return section.instances.flatMap(({ block, microBatch, start, end, phase }) => {
    const { kind, devices } = present(blocks.get(block), "block of the placement");
    return devices.map((device): Row => {
      const name = placement.devices[device]?.name ?? "";
      return [block, kind, name, microBatch, start, end, phase];
    });
  });
}

function policyRows({ regimes }: LauncherSection): readonly Row[] {
  return regimes.flatMap(({ scale, best, policies }) =>
    policies.flatMap(({ name, models, heldOut }) =>
      models.map(({ model, variant, batch, concurrency, periodNs }, at): Row => {
        const figures = present(heldOut.models[at], "figures of the model");
        const { throughput, goodput, late, shed, p50Ns, p99Ns } = figures;
        return [
          scale,
          name,
          String(name === best),
          model,
          variant,
          batch,
          concurrency,
          periodNs,
          ...[throughput, goodput, late, shed, p50Ns, p99Ns].map(({ mean }) => mean),
        ];
      }),
    ),
  );
}

/** A cell; quoted where it has a comma, a quote or a line end. */
function cell(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
