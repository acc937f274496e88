/** Launcher policies explained: what to do at which load, what comes of it, and what the models can do. */
import type { ScheduleArtifact } from "../artifact/artifact.js";
import type { ArtifactRegime, LauncherSection } from "../artifact/launcher-section.js";
import { counted, formatCell, formatName, formatNs } from "../core/format.js";
import { renderTable, type Table } from "../core/text-table.js";
import { absentLines } from "./absent-policies.js";
import { adaptiveLines } from "./adaptive-lines.js";
import { type Bar, renderBars } from "./bar-chart.js";
import { figure, givenFigure } from "./figure.js";
import type { ChartLayout } from "./gantt.js";
import { chosenPolicy, type ExplainedModel, type LoadPoint } from "./launcher-explanation.js";
import { windowLines } from "./window-lines.js";

/** Tables and charts of a section. */
export function renderLauncherExplained(
  { device }: ScheduleArtifact,
  section: LauncherSection,
  models: readonly ExplainedModel[],
  layout: ChartLayout,
): string {
  const { width: columns } = layout;
  const { heldOutSamples, durationNs } = section;
  const samples = `${counted(heldOutSamples, "held-out sample")} of ${givenFigure(durationNs / 1e9)} s`;
  return [
    `${counted(models.length, "model")} on ${device?.name ?? "a device"}; figures are means of ${samples}`,
    "",
    renderTable(policyTable(section), columns),
    ...section.regimes.flatMap((regime) => changesAt(section, regime, columns)),
    "",
    renderTable(comparedTable(section), columns),
    ...absentSentences(section),
    "",
    ...capacitySentences(section),
    ...windowTexts(section),
    ...models.flatMap((model) => ["", ...modelLines(model, layout)]),
  ].join("\n");
}

/** What is proved of the rates that can be sustained, a sentence for each regime. */
export function capacitySentences({ regimes }: LauncherSection): readonly string[] {
  return regimes.map(({ scale, capacity: { atMost } }) => {
    const at = `${givenFigure(scale)} times the rates`;
    return `At ${at} no policy sustains more than ${figure(atMost)} times as much.`;
  });
}

/** Which policies no regime has, and why; at which rates, where that is not so at all of them. */
export function absentSentences({ regimes }: LauncherSection): readonly string[] {
  const lines = regimes.map(({ absent }) => absentLines(absent));
  const [first = []] = lines;
  const isAlike = lines.every((each) => each.join("\n") === first.join("\n"));
  return isAlike
    ? first
    : regimes.flatMap(({ scale }, at) =>
        (lines[at] ?? []).map((line) => `At ${givenFigure(scale)} times the rates: ${line}`),
      );
}

/** All policies at every rate: what they cost on the samples by which the best is chosen, and on others. */
export function comparedTable({ regimes }: LauncherSection): Table {
  const rows = regimes.flatMap(({ scale, policies, best }) =>
    policies.map(({ name, validation, heldOut }) => [
      givenFigure(scale),
      name,
      `${validation.samples.length}`,
      threeDigits(validation.cost.mean),
      `${threeDigits(heldOut.cost.mean)} +- ${threeDigits(heldOut.cost.half)}`,
      name === best ? "best" : "",
    ]),
  );
  const header = ["rates", "policy", "samples", "cost on validation", "cost held out", ""];
  return { header, rows, align: ["right", "left", "right", "right", "right", "left"] };
}

/** Costs may be far below 1 and still differ. */
function threeDigits(value: number): string {
  return `${Number(value.toPrecision(3))}`;
}

/** The policy to use in every regime, a row for each model. */
export function policyTable({ regimes, models }: LauncherSection): Table {
  const rows = regimes.flatMap((regime) =>
    (chosenPolicy(regime)?.models ?? []).map((each, at) => [
      givenFigure(regime.scale),
      regime.best,
      formatCell(models[at]?.model ?? ""),
      each.variant,
      `${each.batch}`,
      `${each.concurrency}`,
      each.periodNs === 0 ? "-" : formatNs(each.periodNs),
    ]),
  );
  const header = ["rates", "policy", "model", "variant", "batch", "tasks", "period"];
  const right = ["right", "right", "right"] as const;
  return { header, rows, align: ["right", "left", "name", "left", ...right] };
}

/** Of every policy with a window, chosen or not, at every rate: what is known of it, in lines. */
export function windowTexts(section: LauncherSection): readonly string[] {
  return section.regimes.flatMap((regime) => windowsOf(regime, section));
}

function windowsOf(
  { scale, ratesPerSecond, policies }: ArtifactRegime,
  { models }: LauncherSection,
): readonly string[] {
  const names = models.map(({ model }) => model);
  return policies.flatMap(({ name, window, models: [first] }) => {
    if (window === undefined) {
      return [];
    }
    const tasks = window.tasks.map((task) => ({ ...task, model: names.indexOf(task.model) }));
    const lines = windowLines({ ...window, tasks }, first?.periodNs ?? 0, ratesPerSecond);
    return ["", `${name} at ${givenFigure(scale)} times the rates`, ...lines];
  });
}

/** What changes the policy to use at some rates, if anything does. */
function changesAt(
  { models, regimes }: LauncherSection,
  regime: ArtifactRegime,
  columns: number,
): readonly string[] {
  const names = models.map(({ model }) => model);
  const lines = adaptiveLines(chosenPolicy(regime)?.adaptive, names, columns);
  const where = regimes.length === 1 ? "" : ` at ${givenFigure(regime.scale)} times the rates`;
  return lines.length === 0 ? [] : ["", `${regime.best}${where}`, ...lines];
}

function modelLines(
  { model, loads, concurrency, batches }: ExplainedModel,
  layout: ChartLayout,
): readonly string[] {
  return [
    `${formatName(model)} against load`,
    "",
    renderTable(loadTable(loads), layout.width),
    "",
    "answers per second",
    renderBars(loads.map(loadBar((load) => [load.throughput, figure(load.throughput)])), layout),
    "99 % are answered within",
    renderBars(loads.map(loadBar((load) => [load.p99Ns, formatNs(load.p99Ns)])), layout),
    "requests in the system",
    renderBars(loads.map(loadBar((load) => [load.backlog, figure(load.backlog)])), layout),
    "",
    `${formatName(model)} by itself: requests per second by tasks in flight`,
    ...concurrency.flatMap(({ variant, perSecond }) => [
      variant,
      renderBars(
        perSecond.map((value, at) => speedBar(`${at + 1}`, value, perSecond[0])),
        layout,
      ),
    ]),
    "",
    `${formatName(model)} by itself: requests per second by batch`,
    ...batches.flatMap(({ variant, points }) => [
      variant,
      renderBars(
        points.map(({ batch, perSecond }) => speedBar(`${batch}`, perSecond, points[0]?.perSecond)),
        layout,
      ),
    ]),
  ];
}

function loadBar(of: (load: LoadPoint) => readonly [number, string]): (load: LoadPoint) => Bar {
  return (load) => {
    const [value, text] = of(load);
    return { label: `${figure(load.ratePerSecond)}/s`, value, text };
  };
}

function speedBar(label: string, value: number, first: number = 0): Bar {
  const times = first === 0 ? "" : ` (${(value / first).toFixed(2)}x)`;
  return { label, value, text: `${figure(value)}${times}` };
}

/** How the requests for a model fare, a row for each load. */
export function loadTable(loads: readonly LoadPoint[]): Table {
  const rows = loads.map(({ ratePerSecond, goodput, late, shed, p50Ns, p99Ns, backlog }) => [
    `${givenFigure(ratePerSecond)}`,
    figure(goodput),
    `${(100 * late).toFixed(1)} %`,
    `${(100 * shed).toFixed(1)} %`,
    formatNs(p50Ns),
    formatNs(p99Ns),
    figure(backlog),
  ]);
  const header = ["per second", "in time/s", "late", "refused", "p50", "p99", "in system"];
  return { header, rows, align: header.map(() => "right" as const) };
}
