/**
 * How the inputs of a model are drawn, so that it does for them what it does for its users: token ids
 * over the whole vocabulary, nothing masked, full sequences, positions that count up.
 *
 * The way in which the model uses an input counts first, its name second; an input that neither says
 * anything about is drawn by its type alone. In this order: the value that an If compares it with; what
 * a use feeds (`USE_RULES`); the name (`NAME_RULES`); a guess from a use; the table that it indexes.
 */
import type { ElementType } from "../../ir/element-type.js";
import { comparedInputs } from "../compared-inputs.js";
import type { ValueInfo } from "../model.js";
import type { Demand } from "./demand.js";
import { demandsOf } from "./demands-of.js";
import type { Draw } from "./draw.js";
import { NAME_RULES, type NamedInput } from "./named-inputs.js";
import type { KnownParts } from "./use-call.js";

/** Integers that index nothing are drawn from the lowest valid one that is not negative, and this many more. */
const SPREAD = 1;

/** The largest number of the types that a table may have more rows than. */
const LARGEST: ReadonlyMap<ElementType, number> = new Map<ElementType, number>([
  ["bool", 1],
  ["int8", 127],
  ["uint8", 255],
  ["int16", 32_767],
  ["uint16", 65_535],
]);

/**
 * The draws of a model's inputs by name; an input that is drawn by its type alone is absent.
 *
 * Requires: the types of the inputs are known; all else may be missing. Cost: linear in the model.
 */
export function inputDraws(parts: KnownParts): ReadonlyMap<string, Draw> {
  const compared = comparedInputs(parts);
  const demands = demandsOf(parts);
  const all = parts.model.graph.inputs.flatMap((input) => namedInput(input, parts));
  const draws = new Map<string, Draw>();
  for (const input of all) {
    const chosen = compared.get(input.name);
    const draw =
      chosen === undefined
        ? drawOf(input, all, demands.get(input.name))
        : ({ kind: "all", value: chosen } as const);
    if (draw !== undefined) {
      draws.set(input.name, draw);
    }
  }
  return draws;
}

function namedInput({ name, dims }: ValueInfo, { types }: KnownParts): readonly NamedInput[] {
  const type = types.get(name);
  const openAxes = (dims ?? []).flatMap((dim, axis) => (typeof dim === "number" ? [] : [axis]));
  return type === undefined ? [] : [{ name, ...type, openAxes }];
}

function drawOf(
  input: NamedInput,
  all: readonly NamedInput[],
  demand: Demand | undefined,
): Draw | undefined {
  return usedDraw(input, demand) ?? namedDraw(input, all, demand) ?? boundDraw(input, demand);
}

/** What a use feeds. */
function usedDraw({ dims }: NamedInput, demand: Demand | undefined): Draw | undefined {
  const { value } = demand ?? {};
  if (demand === undefined || value === undefined) {
    return undefined;
  }
  if (typeof value === "number") {
    return { kind: "all", value: clipped(value, demand) };
  }
  const isWhole = value.length === dims.reduce((product, size) => product * size, 1);
  return isWhole ? { kind: "list", values: value } : undefined;
}

function namedDraw(
  input: NamedInput,
  all: readonly NamedInput[],
  demand: Demand | undefined,
): Draw | undefined {
  for (const rule of NAME_RULES) {
    const draw = rule.pattern.test(input.name) ? rule.draw({ input, all, demand }) : undefined;
    if (draw !== undefined) {
      return draw.kind === "all" && demand !== undefined
        ? { ...draw, value: clipped(draw.value, demand) }
        : draw;
    }
  }
  return undefined;
}

/** A guess from a use, else any valid number. */
function boundDraw(input: NamedInput, demand: Demand | undefined): Draw | undefined {
  const isFloat = input.elementType.includes("float");
  // Floats have a demand of their own only as indices.
  if (demand === undefined || (isFloat && !demand.isIndex)) {
    return undefined;
  }
  const { low, hint, isIndex } = demand;
  const high = Math.floor(Math.min(demand.high, LARGEST.get(input.elementType) ?? demand.high));
  if (isIndex && Number.isFinite(high)) {
    return between(low, high);
  }
  if (hint !== undefined) {
    return { kind: "all", value: clipped(hint, demand) };
  }
  if (low <= 0 && high >= SPREAD) {
    return undefined;
  }
  const isSingle = input.dims.every((size) => size === 1);
  return isSingle
    ? { kind: "all", value: clipped(1, demand) }
    : between(low, Math.min(high, Math.max(low, Math.min(0, high)) + SPREAD));
}

/** Whole numbers from `low`, but from 0 where some are not negative, to `high`; `low` where that is more. */
function between(low: number, high: number): Draw {
  const least = Math.ceil(Math.max(low, Math.min(0, high)));
  return { kind: "between", low: least, high: Math.max(least, high) };
}

function clipped(value: number, { low, high }: Demand): number {
  return Math.max(low, Math.min(high, value));
}
