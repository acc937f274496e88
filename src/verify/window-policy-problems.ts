/** Contradictions of a recorded policy whose tasks are launched in windows, found without the models. */
import { MERGED_VARIANT, type RegimePolicy } from "../artifact/launcher-policies.js";
import type { LauncherSection } from "../artifact/launcher-section.js";
import { brokenChecks } from "../core/checks.js";

/**
 * Contradictions, in words that begin with the place. Requires: the policy has the models of the section, in their order.
 * Cost: O(tasks x models).
 */
export function windowPolicyProblems(
  { models, inFlight, window }: RegimePolicy,
  section: LauncherSection,
  place: string,
): readonly string[] {
  if (window === undefined) {
    return [];
  }
  const { tasks, periodNs, lowerBoundNs, status } = window;
  const numberOf = tasks.map((task) => models.findIndex(({ model }) => model === task.model));
  return [
    ...brokenChecks([
      [section.device.kind === "cpu", `${place}/window is of a CPU, which has none`],
      [inFlight !== undefined, `${place}/inFlight says what follows from the window`],
      [
        models.some((model) => model.periodNs !== models[0]?.periodNs),
        `${place}/models do not have one period, that of the window`,
      ],
      [
        numberOf.some((model, at) => model < (numberOf[at - 1] ?? 0)),
        `${place}/window/tasks are not of its models, in their order`,
      ],
      [lowerBoundNs > periodNs, `${place}/window/periodNs is below its bound`],
      [
        (status === "optimal") !== (periodNs === lowerBoundNs),
        `${place}/window/status does not follow from the period and its bound`,
      ],
    ]),
    ...models.flatMap(({ model, variant, batch, concurrency }, at) => {
      const own = tasks.filter((task) => task.model === model);
      const parts = own.reduce((sum, task) => sum + task.parts, 0);
      const runs = section.models[at]?.variants[0]?.runs ?? [];
      return brokenChecks([
        [variant !== MERGED_VARIANT, `${place}/models/${at}/variant is not "${MERGED_VARIANT}"`],
        [own.length === 0, `${place}/window/tasks has none of model ${at}`],
        [
          own.some((task) => task.batch !== batch) || !runs.some((run) => run.batch === batch),
          `${place}/models/${at}/batch is not that of its tasks in the window`,
        ],
        [
          concurrency !== parts,
          `${place}/models/${at}/concurrency is not the number of its parts in the window, ${parts}`,
        ],
      ]);
    }),
  ];
}
