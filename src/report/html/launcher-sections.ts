/** The sections of a page about launcher policies. */
import type { LauncherSection } from "../../artifact/launcher-section.js";
import { formatName } from "../../core/format.js";
import type { Table } from "../../core/text-table.js";
import { figure } from "../figure.js";
import {
  absentSentences,
  capacitySentences,
  comparedTable,
  loadTable,
  policyTable,
  windowTexts,
} from "../launcher-explained.js";
import { type ExplainedModel, explainLauncher, type LoadPoint } from "../launcher-explanation.js";
import { deltasOf } from "./columns.js";
import { html, linesMarkup, type Markup } from "./markup.js";
import type { CurveData, Quantity } from "./page-data.js";
import type { PageSection } from "./page-section.js";
import { curvesMarkup } from "./picture-markup.js";
import { paragraphs, tableMarkup } from "./table-markup.js";

/** The policies, and for each model what comes of them and what it can do. */
export function launcherSections(section: LauncherSection): readonly PageSection[] {
  const models = explainLauncher(section);
  const windows = windowTexts(section);
  return [
    {
      id: "policies",
      title: "Policies",
      body: [
        tableMarkup(policyTable(section), "the policy to use at every rate"),
        ...paragraphs(capacitySentences(section)),
        ...(windows.length === 0 ? [] : [html`<pre>${linesMarkup(windows.slice(1))}</pre>`]),
        tableMarkup(comparedTable(section), "all policies, with their costs"),
        ...paragraphs(absentSentences(section)),
      ],
    },
    ...models.map(modelSection),
  ];
}

/** Curves with the words above them. */
type Titled = readonly [caption: string, curves: CurveData];

function modelSection(model: ExplainedModel, at: number): PageSection {
  const pictures = [...loadCurves(model, at), ...aloneCurves(model, at)];
  const drawn = pictures.map(([caption, curves]): Markup => curvesMarkup(curves, caption));
  return {
    id: `model-${at}`,
    title: formatName(model.model),
    curves: pictures.map(([, curves]) => curves),
    body: [
      tableMarkup(loadTable(model.loads), "against load"),
      tableMarkup(taskTable(model), "by itself: requests per second by tasks in flight"),
      tableMarkup(batchTable(model), "by itself: requests per second by batch"),
      ...drawn,
    ],
  };
}

function taskTable({ concurrency }: ExplainedModel): Table {
  const most = concurrency.reduce((length, { perSecond }) => Math.max(length, perSecond.length), 0);
  const header = ["variant", ...Array.from({ length: most }, (_, at) => `${at + 1}`)];
  const rows = concurrency.map(({ variant, perSecond }) => [variant, ...perSecond.map(figure)]);
  return { header, rows, align: header.map((_, at) => (at === 0 ? "left" : "right")) };
}

function batchTable({ batches }: ExplainedModel): Table {
  const sizes = batches.flatMap(({ points }) => points.map(({ batch }) => batch));
  const columns = [...new Set(sizes)].sort((a, b) => a - b);
  const header = ["variant", ...columns.map(String)];
  const rows = batches.map(({ variant, points }) => {
    const speeds = new Map(points.map(({ batch, perSecond }) => [batch, figure(perSecond)]));
    return [variant, ...columns.map((batch) => speeds.get(batch) ?? "-")];
  });
  return { header, rows, align: header.map((_, at) => (at === 0 ? "left" : "right")) };
}

/** Answers, latencies and backlog against load; none with fewer than two loads, which make no curve. */
function loadCurves({ loads }: ExplainedModel, at: number): readonly Titled[] {
  if (loads.length < 2) {
    return [];
  }
  const rates = deltasOf(loads.map(({ ratePerSecond }) => ratePerSecond));
  const over = (
    name: string,
    quantity: Quantity,
    label: string,
    series: readonly (readonly [string, (load: LoadPoint) => number])[],
  ): CurveData => ({
    ...plain(`model-${at}-${name}`, "requests per second"),
    y: { label, quantity },
    series: series.map(([title, of]) => ({ name: title, dx: rates, y: loads.map(of) })),
  });
  return [
    [
      "answers per second against load",
      over("answers", "number", "per second", [
        ["answers", ({ throughput }) => throughput],
        ["answers in time", ({ goodput }) => goodput],
      ]),
    ],
    [
      "latency against load",
      over("latency", "time", "answered within", [
        ["50 %", ({ p50Ns }) => p50Ns],
        ["99 %", ({ p99Ns }) => p99Ns],
      ]),
    ],
    [
      "requests in the system against load",
      over("backlog", "number", "requests", [["in the system", ({ backlog }) => backlog]]),
    ],
  ];
}

/** Requests per second by tasks in flight, and by batch, with nothing else on the device. */
function aloneCurves({ concurrency, batches }: ExplainedModel, at: number): readonly Titled[] {
  const y = { label: "requests per second", quantity: "number" } as const;
  return [
    [
      "by itself: requests per second by tasks in flight",
      {
        ...plain(`model-${at}-tasks`, "tasks in flight"),
        y,
        series: concurrency.map(({ variant, perSecond }) => {
          return { name: variant, dx: perSecond.map(() => 1), y: perSecond };
        }),
      },
    ],
    [
      "by itself: requests per second by batch",
      {
        ...plain(`model-${at}-batches`, "requests in a batch"),
        y,
        series: batches.map(({ variant, points }) => ({
          name: variant,
          dx: deltasOf(points.map(({ batch }) => batch)),
          y: points.map(({ perSecond }) => perSecond),
        })),
      },
    ],
  ];
}

function plain(
  id: string,
  label: string,
): Pick<CurveData, "id" | "x" | "isStepped" | "followsTimeline"> {
  return { id, x: { label, quantity: "number" }, isStepped: false, followsTimeline: false };
}
