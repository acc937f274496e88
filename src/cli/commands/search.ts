import { encodeArtifact } from "../../artifact/artifact-format.js";
import { present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import {
  type LayoutSearch,
  type PlacementSource,
  searchPareto,
  searchPlacement,
} from "../../driver/search-placement.js";
import { frameworkNote } from "../../placement/presets/framework-note.js";
import { renderLayouts } from "../../report/layouts.js";
import { renderPareto } from "../../report/pareto.js";
import { renderPipeline } from "../../report/pipeline.js";
import { layoutOf } from "../columns.js";
import type { CommandOutcome, RegisterCommand } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import { searchSourceMissing } from "../failures.js";
import { addOptions, givenOptions } from "../options/add-options.js";
import { checkOptions } from "../options/check-options.js";
import { leftOutNotes, paretoProgress, searchProgress } from "../search-progress.js";
import type { Session } from "../session.js";
import { SEARCH, SEARCH_LAYOUT, type SearchOptions, searchTraits } from "./search-options.js";

const EXAMPLES = `
Examples:
  top-compile search placement.json --micro-batches 32 -o pipeline.schedule.json
  top-compile search --shape v --devices 4 --memory 4
  top-compile search --shape v --devices 4 --algorithm gpipe
  top-compile search --shape m --devices 4 --pareto
  top-compile search --preset megatron --devices 8 --layers 80 --layout search
`;

/** `search`: the pipeline schedule of a placement. */
export const registerSearch: RegisterCommand = (command, run) => {
  addOptions(command, SEARCH, EXAMPLES);
  command.action(async (file: string | undefined, options: SearchOptions) => {
    await run(options, async (session) => {
      const source = sourceOf(file, options);
      if (!source.ok) {
        return source;
      }
      const traits = searchTraits(file, options);
      const checked = checkOptions(SEARCH, options, givenOptions(command), traits);
      if (!checked.ok) {
        return checked;
      }
      return options.pareto === true
        ? printPareto(session, options, source.value)
        : printSchedule(session, options, source.value);
    });
  });
};

function limitsOf({ effort, seed, maxNodes, timeLimit }: SearchOptions) {
  return { effort, seed, maxNodes, ...stopAfter(timeLimit) };
}

function printSchedule(
  session: Session,
  options: SearchOptions,
  source: PlacementSource,
): CommandOutcome {
  const { memory, microBatches, algorithm, objective, out } = options;
  const { tool } = driverContext(session);
  const found = searchPlacement(
    {
      source,
      memory,
      microBatches,
      algorithm,
      objective,
      out,
      force: options.force === true,
      allInstances: options.allInstances,
      onProgress: searchProgress(session.progress),
      onLeftOut: options.verbose === true ? leftOutNotes(session.progress) : undefined,
      ...limitsOf(options),
    },
    tool,
  );
  if (!found.ok) {
    return found;
  }
  if (found.value.isCutShort) {
    session.progress.note(
      options.timeLimit === undefined
        ? "the work limit ended the search before a proof: --max-nodes allows more"
        : "a limit ended the search before a proof: another machine may find something else",
    );
  }
  const { artifact, placement, layouts } = found.value;
  const section = present(artifact.pipeline, "pipeline section");
  const note =
    source.kind === "preset"
      ? frameworkNote(source.name, source.options, section.microBatches)
      : undefined;
  if (note !== undefined) {
    session.progress.note(note);
  }
  const layout = layoutOf(session, options);
  const written = out === undefined ? "" : `\n\nwrote      ${out}`;
  session.print({
    text: () =>
      [
        ...(layouts === undefined ? [] : [renderLayouts(layouts, session.columns), ""]),
        `${renderPipeline(section, placement, layout)}${written}`,
      ].join("\n"),
    json: () => encodeArtifact(artifact),
  });
  return { ok: true, value: EXIT.done };
}

/** Says when the time is over; nothing without a limit. */
function stopAfter(seconds: number | undefined): { readonly shouldStop?: () => boolean } {
  if (seconds === undefined) {
    return {};
  }
  const end = performance.now() + seconds * 1000;
  return { shouldStop: () => performance.now() > end };
}

function printPareto(
  session: Session,
  options: SearchOptions,
  source: PlacementSource,
): CommandOutcome {
  session.io.beforeLongWork?.();
  const onProgress = paretoProgress(session.progress);
  const found = searchPareto({ source, ...limitsOf(options), onProgress });
  if (!found.ok) {
    return found;
  }
  const { points } = found.value;
  session.print({ text: () => renderPareto(points, session.columns), json: () => ({ points }) });
  return { ok: true, value: EXIT.done } as const;
}

function sourceOf(file: string | undefined, options: SearchOptions): Result<PlacementSource> {
  const { shape, preset, devices } = options;
  const named = [file, shape, preset].filter((each) => each !== undefined);
  if (named.length !== 1 || (file === undefined && devices === undefined)) {
    return fail([searchSourceMissing()]);
  }
  if (file !== undefined || devices === undefined) {
    return ok({ kind: "file", path: file ?? "" });
  }
  const { mode, forward, backward, weight, chunks, latency } = options;
  const ofBoth = { mode, forward, backward, weight, chunks, latency };
  if (shape !== undefined) {
    return ok({ kind: "shape", name: shape, options: { devices, ...defined(ofBoth) } });
  }
  const { layers, layout, embedding, head, mtp, layerMemory } = options;
  const isSearched = layout === SEARCH_LAYOUT;
  const own = { layers, embedding, head, mtp, layerMemory, ...(isSearched ? {} : { layout }) };
  return ok({
    kind: "preset",
    name: preset ?? "",
    options: { devices, ...defined({ ...ofBoth, ...own }) },
    ...(isSearched ? { layouts: layoutSearch(options) } : {}),
  });
}

function layoutSearch({ mtpLayers = 0, against }: SearchOptions): LayoutSearch {
  return { predictions: mtpLayers, against };
}

/** The values that are there. */
function defined<T extends object>(
  values: T,
): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<{ [K in keyof T]: Exclude<T[K], undefined> }>;
}
