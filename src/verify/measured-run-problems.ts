/** Contradictions between the measured figures of models that are served on a CPU. */
import type { ArtifactBatchRun, LauncherSection } from "../artifact/launcher-section.js";
import { brokenChecks, type Check } from "../core/checks.js";
import type { ServiceRecord } from "../schedule/serving/service-record.js";

/** Sums in another order differ by less. */
const ROUNDING = 1e-9;

/**
 * Contradictions of a section whose device is a CPU, in words that begin with the place. Requires: every run has its
 * stages.
 */
export function measuredRunProblems({ device, models }: LauncherSection): readonly string[] {
  if (device.kind !== "cpu") {
    return [];
  }
  const slowdown = Array.from({ length: device.workers }, (_, at) =>
    Math.min(...models.map(({ variants }) => lossAt(variants[0]?.runs[0], at))),
  );
  return [
    ...brokenChecks([
      [
        slowdown.length !== device.slowdown.length ||
          slowdown.some((each, at) => each !== device.slowdown[at]),
        "/launcher/device/slowdown is not the least contention of the models",
      ],
      [
        models.some(({ residentBytes }) => residentBytes !== 0),
        "/launcher/models have memory that sessions share",
      ],
    ]),
    ...models.flatMap(({ variants }, model) =>
      variants.flatMap(({ name, runs }, variant) =>
        runs.flatMap((run, at) =>
          runProblems(run, {
            threads: Number.parseInt(name, 10),
            before: runs[at - 1],
            place: `/launcher/models/${model}/variants/${variant}/runs/${at}`,
          }),
        ),
      ),
    ),
  ];
}

/** How much longer the run of one request takes while `at` + 1 threads are busy, the last measured figure beyond. */
function lossAt(run: ArtifactBatchRun | undefined, at: number): number {
  const contention = run?.contention ?? [1];
  return contention[Math.min(at, contention.length - 1)] ?? 1;
}

interface RunPlace {
  /** Of the variant. */
  readonly threads: number;
  /** The run of the batch before. */
  readonly before: ArtifactBatchRun | undefined;
  readonly place: string;
}

function runProblems(
  { aloneNs, workspaceBytes, stages, contention = [1], records }: ArtifactBatchRun,
  { threads, before, place }: RunPlace,
): string[] {
  const wholeNs = (stages?.ns ?? []).reduce((sum, each) => sum + each, 0);
  return brokenChecks([
    [aloneNs !== Math.round(wholeNs), `${place}/aloneNs is not the sum of its stages`],
    [
      stages?.threads.some((each) => each !== threads) !== false,
      `${place}/stages/threads are not those of the variant`,
    ],
    [
      workspaceBytes < (before?.workspaceBytes ?? 0),
      `${place}/workspaceBytes is less than with a smaller batch`,
    ],
    [!isAscending(contention), `${place}/contention says that more busy threads disturb it less`],
    ...(records ?? []).flatMap((record, at): Check[] => {
      const where = `${place}/records/${at}`;
      const { sessions, tasks, usualNs, slowAt, slowNs } = record;
      return [
        [
          at > 0 && sessions <= (records?.[at - 1]?.sessions ?? 0),
          `${where}/sessions does not ascend`,
        ],
        [!isAscending(usualNs), `${where}/usualNs descends`],
        [
          slowAt.some((each, i) => i > 0 && each <= slowAt[i - 1]!) ||
            (slowAt.at(-1) ?? 0) >= tasks,
          `${where}/slowAt is not positions of tasks, ascending`,
        ],
        [
          slowNs.length !== slowAt.length || slowAt.length >= tasks,
          `${where}/slowNs is not of some tasks`,
        ],
      ];
    }),
    [
      records !== undefined && Math.abs(Math.min(...records.map(meanOf)) / wholeNs - 1) > ROUNDING,
      `${place}/stages/ns is not the least mean of its records`,
    ],
  ]);
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((each, at) => each >= (numbers[at - 1] ?? 0));
}

/** The mean of the tasks of a record. */
function meanOf({ tasks, usualNs, slowNs }: ServiceRecord): number {
  const usual = ((tasks - slowNs.length) / usualNs.length / tasks) * sumOf(usualNs);
  return usual + sumOf(slowNs) / tasks;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
