/** Contradictions between the measured figures of models that are served on a CPU. */
import type { ArtifactBatchRun, LauncherSection } from "../artifact/launcher-section.js";
import { brokenChecks } from "../core/checks.js";

/** The mean of quantiles over their mean is 1, but for rounding. */
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
  { aloneNs, workspaceBytes, stages, contention = [1], spread = [1, 1] }: ArtifactBatchRun,
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
    [
      !isAscending(spread) || Math.abs(meanOf(spread) - 1) > ROUNDING,
      `${place}/spread is not quantiles over their mean`,
    ],
  ]);
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((each, at) => each >= (numbers[at - 1] ?? 0));
}

/** The mean of what is drawn from quantiles at equal steps, between which lies a straight line. */
function meanOf(quantiles: readonly number[]): number {
  const pairs = quantiles.slice(1).map((each, at) => (each + quantiles[at]!) / 2);
  return pairs.reduce((sum, each) => sum + each, 0) / pairs.length;
}
