/** Launchers that change their policy, in words. */
import type {
  ArtifactAdaptive,
  ArtifactKnobs,
  ArtifactReaction,
} from "../artifact/adaptive-policy.js";
import { counted, formatCell, formatNs } from "../core/format.js";
import { textTable } from "../core/text-table.js";
import { givenFigure } from "./figure.js";

/** What changes a policy; for a table of several rows the rows themselves. Empty: it stays the same. */
export function adaptiveLines(
  adaptive: ArtifactAdaptive | undefined,
  models: readonly string[],
  columns: number,
): readonly string[] {
  if (adaptive === undefined) {
    return [];
  }
  if (adaptive.kind === "reactive") {
    return reactionLines(adaptive.models, models, columns);
  }
  const every = `every ${formatNs(adaptive.tickNs)}`;
  if (adaptive.kind === "learned") {
    return [`begins so; ${every} two networks set variant, batch, tasks and period`];
  }
  const { rows } = adaptive;
  const cells = rows.flatMap((row) =>
    row.models.map((knobs, at) => [
      givenFigure(row.ratesPerSecond[at] ?? 0),
      formatCell(models[at] ?? ""),
      ...knobCells(knobs),
    ]),
  );
  const header = ["per second", "model", ...KNOBS];
  return [
    rows.length === 1
      ? "learned, and the same at all rates:"
      : `${every} what is here for the nearest rates:`,
    textTable(header, cells, ["right", "name", ...KNOB_SIDES], columns),
  ];
}

const KNOBS = ["variant", "batch", "tasks", "period"] as const;
const KNOB_SIDES = ["left", "right", "right", "right"] as const;

function knobCells({ variant, batch, concurrency, periodNs }: ArtifactKnobs): readonly string[] {
  return [variant, `${batch}`, `${concurrency}`, periodNs === 0 ? "-" : formatNs(periodNs)];
}

/** What follows from what waits: a table of the steps, if there are any, and a line for each model that does more. */
function reactionLines(
  reactions: readonly ArtifactReaction[],
  models: readonly string[],
  columns: number,
): readonly string[] {
  const cells = reactions.flatMap(({ steps }, at) =>
    steps.map(({ waiting, ...knobs }) => [
      formatCell(models[at] ?? ""),
      `${waiting}`,
      ...knobCells(knobs),
    ]),
  );
  const header = ["model", "waiting", ...KNOBS];
  const words = reactions.flatMap((reaction, at) => {
    const own = reactionWords(reaction);
    return own.length === 0 ? [] : [`${formatCell(models[at] ?? "")}: ${own.join("; ")}`];
  });
  return [
    "looks at every launch at what waits",
    ...(cells.length === 0
      ? []
      : [
          "from so many waiting requests on:",
          textTable(header, cells, ["name", "right", ...KNOB_SIDES], columns),
        ]),
    ...words,
  ];
}

function reactionWords({ fill, dueNs, atLeast, busy, holdNs }: ArtifactReaction): string[] {
  const isHeld = atLeast > 1 && holdNs > 0;
  const flight = busy === 0 ? "" : ` while ${counted(busy, "task")} or more are in flight`;
  return [
    ...(fill > 0 ? [`fills at least ${Math.round(100 * fill)} % of a batch`] : []),
    ...(isHeld ? [`waits up to ${formatNs(holdNs)} for ${atLeast} requests${flight}`] : []),
    ...(dueNs > 0 ? [`gives way to requests up to ${formatNs(dueNs)} younger`] : []),
  ];
}
