/**
 * Placement specifications: JSON in, `Placement` out, with every problem and its place.
 *
 * First the document is read field by field (`placement-format.ts`), then names are resolved and the whole is checked
 * (`resolve-placement.ts`): names unique, references known, dependencies without a cycle, numbers small enough that sums of
 * them stay exact.
 */
import {
  type DocumentWording,
  documentJson,
  encodeDocument,
  parseDocument,
  readDocument,
} from "../core/json-document.js";
import type { JsonProblem } from "../core/json-shape.js";
import { fail, type Result } from "../core/result.js";
import type { Json } from "../core/stable-json.js";
import { placementInvalid, placementNotJson } from "./failures.js";
import { fitChoices } from "./fit-choices.js";
import { limitMemory, withLimit } from "./limit-memory.js";
import { byEnds, sendsOf } from "./lower-links.js";
import { byBlocks } from "./overlaps.js";
import type { Dependency, Placement } from "./placement.js";
import { type DependencySpec, PLACEMENT_KIND, type PlacementSpec } from "./placement-format.js";
import { resolvePlacement } from "./resolve-placement.js";

/** Longest placement that is read, by blocks or by stages: the names of 250,000 operators take a third of it. */
export const MAX_PLACEMENT_BYTES: number = 64 << 20;

/**
 * Reads a placement; `memory`, when given, replaces the limit of every device.
 *
 * Fails: `placement-not-json`; `placement-invalid`, once per problem with its JSON pointer, at most
 * fifty; then what `limitMemory` fails with. Cost: O(blocks + dependencies).
 */
export function parsePlacement(
  source: string,
  file: string = "placement",
  memory?: number,
): Result<Placement> {
  const placement = parseDocument(source, PLACEMENT_KIND, resolvePlacement, wordingFor(file));
  return placement.ok ? withinLimits(placement.value, file, memory) : placement;
}

/**
 * Reads a placement from a JSON value at `within`, a JSON pointer, of a file; otherwise as
 * `parsePlacement` does from text.
 *
 * Fails: as `parsePlacement`, without `placement-not-json`.
 */
export function readPlacement(
  value: unknown,
  file: string = "placement",
  within: string = "",
): Result<Placement> {
  const placement = readDocument(value, PLACEMENT_KIND, resolvePlacement, wordingFor(file, within));
  return placement.ok ? withinLimits(placement.value, file) : placement;
}

/** The placement within its limits: open choices take the first option that fits. Fails: as `limitMemory`. */
function withinLimits(placement: Placement, file: string, memory?: number): Result<Placement> {
  const limited = withLimit(placement, memory);
  const spec = specOf(limited);
  return limitMemory(
    fitChoices(limited, (names) => resolvePlacement(withChosen(spec, names), [])),
    file,
  );
}

/** A document with these options of its choices. */
function withChosen(spec: PlacementSpec, names: readonly string[]): PlacementSpec {
  const choices = spec.choices.map((choice, at) => ({ ...choice, chosen: names[at] ?? "" }));
  return { ...spec, choices };
}

function wordingFor(file: string, within: string = ""): DocumentWording {
  return {
    notJson: (reason) => placementNotJson(file, reason),
    invalid: ({ pointer, message }) =>
      placementInvalid(file, { pointer: `${within}${pointer}`, message }),
  };
}

/**
 * The text of a placement: what `parsePlacement` reads back as the same placement.
 *
 * Throws `InternalError` for a placement that it would refuse.
 */
export function encodePlacement(placement: Placement): string {
  return encodeDocument(specOf(placement), PLACEMENT_KIND, resolvePlacement);
}

/** The JSON value of a placement, keys in the order of the format; throws as `encodePlacement`. */
export function placementJson(placement: Placement): Json {
  return documentJson(specOf(placement), PLACEMENT_KIND, resolvePlacement);
}

/** The first field of the format in which two placements differ; `undefined`: they are the same. */
export function placementDifference(one: Placement, other: Placement): string | undefined {
  const [a, b] = [specOf(one), specOf(other)];
  const keys = Object.keys(a) as (keyof PlacementSpec)[];
  return keys.find((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]));
}

/** A placement with names instead of positions, as a file has it. */
function specOf(placement: Placement): PlacementSpec {
  const { links = [] } = placement;
  const lowered = new Set(links.map(({ name }) => name));
  const deviceName = (device: number): string => placement.devices[device]?.name ?? "";
  return {
    timeUnit: placement.timeUnit,
    devices: placement.devices
      .filter(({ name }) => !lowered.has(name))
      .map(({ name, isLink, memory, reserved = 0 }) => ({
        name,
        kind: isLink === true ? "link" : "compute",
        ...(memory === undefined ? {} : { memory: memory + reserved }),
        reserved,
      })),
    links: links.map((link) => ({ ...link, order: link.order ?? "any" })),
    ...(placement.lengths === undefined ? {} : { lengths: placement.lengths }),
    blocks: placement.blocks.flatMap(
      ({ id, kind, devices, duration, memory, workspace, operators, ...rest }) =>
        kind === "transfer"
          ? []
          : [
              {
                id,
                kind,
                devices: devices.map(deviceName),
                duration,
                memory,
                workspace,
                operators,
                ...(rest.durations === undefined ? {} : { durations: rest.durations }),
                perStep: rest.isPerStep === true,
                elsewhere: (rest.elsewhere ?? []).map((change) => ({
                  device: deviceName(change.device),
                  memory: change.memory,
                })),
              },
            ],
    ),
    dependencies: dependencySpecs(placement),
    overlaps: [...(placement.overlaps ?? []), ...(placement.overlapsAside ?? [])]
      .sort(byBlocks)
      .map(({ blocks, duration }) => ({
        blocks: blocks.map((at) => placement.blocks[at]?.id ?? ""),
        duration,
      })),
    choices: (placement.choices ?? []).map(({ isOpen, chosen, ...choice }) => ({
      ...choice,
      ...(isOpen === true ? {} : { chosen }),
    })),
    memoryRelease: placement.memoryRelease,
  };
}

/**
 * The placement with another option of each of its choices, by the names of the options. Requires: it has as many choices.
 *
 * Fails: `placement-invalid`, and as `limitMemory` does.
 */
export function choose(placement: Placement, names: readonly string[]): Result<Placement> {
  const problems: JsonProblem[] = [];
  const chosen = resolvePlacement(withChosen(specOf(placement), names), problems);
  const [first, ...rest] = problems.map((problem) => placementInvalid("placement", problem));
  return first !== undefined || chosen === undefined
    ? fail([first ?? placementInvalid("placement", { pointer: "", message: "" }), ...rest])
    : limitMemory(chosen);
}

/** Dependencies between the blocks of the file, by their positions. */
function dependencySpecs(placement: Placement): readonly DependencySpec[] {
  const { blocks, dependencies, links = [] } = placement;
  const blockId = (block: number): string => blocks[block]?.id ?? "";
  const isPlain = ({ from, to, sent }: Dependency): boolean =>
    sent === undefined && [from, to].every((block) => blocks[block]?.transfer === undefined);
  const all = [...dependencies.filter(isPlain), ...sendsOf(placement)];
  return all.sort(byEnds).map((each) => ({
    from: blockId(each.from),
    to: blockId(each.to),
    latency: each.latency,
    distance: each.distance ?? 0,
    ...("time" in each ? { link: links[each.link]?.name ?? "", transfer: each.time } : {}),
  }));
}
