/** Contradictions inside the `launcher` section, found without the models and without simulating. */

import { MAX_REQUESTS } from "../arrivals/arrivals-format.js";
import { mostRequests } from "../arrivals/most-requests.js";
import { scaleWorkload } from "../arrivals/scale-workload.js";
import { meanRate, type Workload } from "../arrivals/workload.js";
import type { ScheduleArtifact } from "../artifact/artifact.js";
import { figuresOver } from "../artifact/figures-over-samples.js";
import type { RegimePolicy, SampledFigures } from "../artifact/launcher-policies.js";
import type {
  ArtifactRegime,
  ArtifactServedModel,
  LauncherSection,
} from "../artifact/launcher-section.js";
import { policyDigest } from "../artifact/policy-digest.js";
import { brokenChecks } from "../core/checks.js";
import { sixDigits } from "../core/six-digits.js";
import { adaptiveProblems } from "./adaptive-problems.js";
import { gateProblems } from "./gate-problems.js";
import { isSame } from "./is-same.js";
import { measuredRunProblems } from "./measured-run-problems.js";
import { policySetProblems, variantNameProblems } from "./policy-set-problems.js";
import { windowPolicyProblems } from "./window-policy-problems.js";

/** Contradictions, in words that begin with the place; empty without the section. */
export function launcherProblems({ provenance, launcher }: ScheduleArtifact): readonly string[] {
  if (launcher === undefined) {
    return [];
  }
  const { options, inputs } = provenance;
  const files = inputs.filter(({ role }) => role === "model").map(({ name }) => modelName(name));
  const names = launcher.models.map(({ model }) => model);
  const rates = launcher.models.map(({ model, arrivals }) => {
    return `${model}=${"ratePerSecond" in arrivals ? arrivals.ratePerSecond : ""}`;
  });
  const isPoisson = launcher.models.every(({ arrivals }) => arrivals.kind === "poisson");
  const hasFile = inputs.some(({ role }) => role === "arrivals");
  const scales = launcher.regimes.map(({ scale }) => String(scale));
  const asked = options["rates-scale"] ?? ["1"];
  return [
    ...brokenChecks([
      [!isSame(files, names), "/launcher/models are not the models of /provenance/inputs"],
      [new Set(names).size < names.length, "/launcher/models has a model twice"],
      [
        (options["rate"] === undefined) !== hasFile,
        "/provenance has arrivals from a file and from --rate, or neither",
      ],
      [
        options["rate"] !== undefined && !(isPoisson && isSameSet(options["rate"], rates)),
        "/launcher/models do not have the arrivals of /provenance/options/rate",
      ],
      [!isSame(asked, scales), "/launcher/regimes are not those of /provenance/options"],
      [
        launcher.regimes.some(({ scale }, at) => scale <= (launcher.regimes[at - 1]?.scale ?? 0)),
        "/launcher/regimes are not in the order of their scales",
      ],
      [
        options["samples"] !== launcher.heldOutSamples,
        "/launcher/heldOutSamples is not the number of /provenance/options",
      ],
    ]),
    ...launcher.models.flatMap((model, at) => modelProblems(model, launcher, at)),
    ...measuredRunProblems(launcher),
    ...launcher.regimes.flatMap((regime, at) => regimeProblems(regime, launcher, at)),
    ...launcher.regimes.flatMap((regime, at) =>
      policySetProblems(
        regime,
        launcher,
        options["train-steps"] !== undefined,
        `/launcher/regimes/${at}`,
      ),
    ),
  ];
}

/** The name of a model's file without its extension. */
function modelName(file: string): string {
  return file.replace(/\.onnx$/i, "");
}

function modelProblems(model: ArtifactServedModel, section: LauncherSection, at: number): string[] {
  const { variants, schedules } = model;
  const { device } = section;
  const place = `/launcher/models/${at}`;
  const names = variants.map(({ name }) => name);
  const used = new Set(variants.flatMap(({ runs }) => runs.map(({ schedule }) => schedule)));
  return [
    ...brokenChecks([
      [new Set(names).size < names.length, `${place}/variants has a name twice`],
      [schedules.some((_, i) => !used.has(i)), `${place}/schedules has one that no run refers to`],
      [
        schedules.some((schedule, i) => schedules.findIndex((each) => isSame(each, schedule)) < i),
        `${place}/schedules has one twice`,
      ],
    ]),
    ...variantNameProblems(model, section, place),
    ...variants.flatMap(({ runs }, variant) =>
      runs.flatMap(({ batch, schedule, stages, pipeline, contention, records }, run) =>
        brokenChecks([
          [
            pipeline !== undefined && (schedule === undefined || !isAscending(pipeline)),
            `${place}/variants/${variant}/runs/${run}/pipeline is not where parts of a schedule begin`,
          ],
          [
            run === 0 ? batch !== 1 : batch <= (runs[run - 1]?.batch ?? 0),
            `${place}/variants/${variant}/runs are not by batch, ascending from 1`,
          ],
          [
            schedule === undefined ? device.kind === "gpu" : schedules[schedule] === undefined,
            `${place}/variants/${variant}/runs/${run} has no schedule`,
          ],
          [
            (schedule === undefined) !== (stages !== undefined) ||
              stages?.ns.length !== stages?.threads.length ||
              (schedule !== undefined && (contention !== undefined || records !== undefined)),
            `${place}/variants/${variant}/runs/${run} has not what it does, or twice`,
          ],
        ]),
      ),
    ),
  ];
}

function isAscending(begins: readonly number[]): boolean {
  return begins.every((begin, at) => (at === 0 ? begin === 0 : begin > (begins[at - 1] ?? 0)));
}

/** The workload of a section at a scale. */
export function workloadOf({ durationNs, models }: LauncherSection, scale: number): Workload {
  const workload: Workload = {
    durationNs,
    seed: undefined,
    models: models.map(({ model, objectiveNs, arrivals, variants: [variant] }) => ({
      model,
      objectiveNs,
      batches: variant?.runs.map(({ batch }) => batch) ?? [],
      process:
        arrivals.kind === "trace"
          ? { kind: "trace", gapsNs: Float64Array.from(arrivals.gapsNs) }
          : arrivals,
    })),
  };
  return scaleWorkload(workload, scale);
}

function regimeProblems(regime: ArtifactRegime, section: LauncherSection, at: number): string[] {
  const { scale, ratesPerSecond, policies, shed } = regime;
  const place = `/launcher/regimes/${at}`;
  const workload = workloadOf(section, scale);
  const rates = workload.models.map(({ process: source }) => meanRate(source));
  const names = policies.map(({ name }) => name);
  return [
    ...brokenChecks([
      [!isSame(rates, ratesPerSecond), `${place}/ratesPerSecond does not follow from the arrivals`],
      [
        !(mostRequests(workload) <= MAX_REQUESTS),
        `${place}/scale makes samples of more than ${MAX_REQUESTS} requests`,
      ],
      [new Set(names).size < names.length, `${place}/policies has a name twice`],
      [!isSame(shed, shedOf(regime, section)), `${place}/shed does not follow from the arrivals`],
    ]),
    ...gateProblems(regime, section, place),
    ...policies.flatMap((policy, i) => [
      ...policyProblems(policy, section, `${place}/policies/${i}`),
      ...adaptiveProblems(policy, section, ratesPerSecond, `${place}/policies/${i}`),
    ]),
  ];
}

/**
 * The rules by which requests are refused: as declared; else those that would be late above capacity, and
 * none below, unless no policy kept up there, which cannot be seen here.
 */
function shedOf({ capacity, shed }: ArtifactRegime, { models }: LauncherSection): unknown {
  const isOverloaded =
    capacity.atMost < 1 ||
    models.some((model, at) => model.shed === undefined && shed[at]?.kind === "deadline");
  return models.map((model) => model.shed ?? { kind: isOverloaded ? "deadline" : "none" });
}

function policyProblems(policy: RegimePolicy, section: LauncherSection, place: string): string[] {
  const { models, validation, heldOut } = policy;
  const known = section.models.map(({ model }) => model);
  const named = models.map(({ model }) => model);
  return [
    ...brokenChecks([
      [!isSame(named, known), `${place}/models are not those of /launcher`],
      [
        policy.digest !== (policy.adaptive === undefined ? undefined : policyDigest(policy)),
        `${place}/digest is not that of what was learned and of its figures`,
      ],
    ]),
    // How many validation samples there are is up to the gate.
    ...sampledProblems(validation, validation.samples.length, section, `${place}/validation`),
    ...sampledProblems(heldOut, section.heldOutSamples, section, `${place}/heldOut`),
    ...(policy.window === undefined
      ? variantProblems(policy, section, place)
      : windowPolicyProblems(policy, section, place)),
  ];
}

/** Whether every model has the variant by which its tasks are launched, for that batch. */
function variantProblems(
  { models }: RegimePolicy,
  section: LauncherSection,
  place: string,
): readonly string[] {
  return models.flatMap(({ variant, batch }, at) => {
    const runs = section.models[at]?.variants.find(({ name }) => name === variant)?.runs;
    return brokenChecks([
      [runs === undefined, `${place}/models/${at}/variant is none of the model's`],
      [
        batch > (runs?.at(-1)?.batch ?? batch),
        `${place}/models/${at}/batch is larger than that of any run`,
      ],
    ]);
  });
}

function sampledProblems(
  { cost, models, samples }: SampledFigures,
  count: number,
  section: LauncherSection,
  place: string,
): string[] {
  const figures = samples.flatMap((sample) => [
    sample.cost,
    ...sample.models.flatMap((each) => Object.values(each) as readonly number[]),
  ]);
  const isWhole = samples.every((sample) => sample.models.length === section.models.length);
  return brokenChecks([
    [
      samples.length !== count || !isWhole,
      `${place}/samples are not as many as there are, or not of every model`,
    ],
    [
      figures.some((each) => sixDigits(each) !== each),
      `${place}/samples has a figure of more than six digits`,
    ],
    [
      isWhole && !isSame({ cost, models }, figuresOver(samples)),
      `${place} does not follow from its samples`,
    ],
  ]);
}

function isSameSet(a: unknown, b: readonly string[]): boolean {
  return Array.isArray(a) && isSame([...a].map(String).sort(), [...b].sort());
}
