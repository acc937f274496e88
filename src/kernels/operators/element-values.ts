/**
 * Values of element-wise operators inside of a kernel.
 *
 * A kernel computes a row of steps, each the formula of one operator. Results of earlier steps are in registers,
 * rounded as memory would round them, so that the kernel has the bits of the operators one by one; everything else is
 * loaded. All of it is done at a *site*: one element, or four in a row, which are loaded and stored by one access of 16 bytes
 * wherever they are neighbors in memory too.
 */
import { invariant, present } from "../../core/invariant.js";
import {
  add,
  choose,
  convert,
  type Expression,
  literal,
  load,
  local,
  type StorageType,
  VALUE_OF,
} from "../language/expression.js";
import { define, type Statement } from "../language/kernel.js";
import {
  addressOf,
  broadcastLayout,
  channelsLastOrder,
  coordinatesOf,
  inOrder,
  type Layout,
  mergeDims,
  reordered,
} from "../language/layout.js";
import type { Operand } from "../operator-call.js";
import type { Formula } from "./formulas.js";
import type { KernelBuffers } from "./kernel-buffers.js";

/** Elements that one access loads or stores, where it can. */
export const FOUR = 4;

/** Where values are computed. */
export interface Site {
  /** Distinguishes the names of its locals from those of other sites. */
  readonly tag: string;
  /** Elements in a row: 1 or 4. */
  readonly width: number;
  /** Position of the first one in tensors of the site's size; a local. */
  readonly flat: Expression;
  /** Whether they exist; all of them or none. Loads are made where this holds. */
  readonly isInside: Expression;
  /** Statements that define the values; values that were defined are in `known`. */
  readonly body: Statement[];
  readonly known: Map<string, readonly Expression[]>;
  /** Whether positions are counted as memory has them where channels are last. */
  readonly isChannelsLast?: boolean;
  /** The row of `length` elements that the site is part of, with its first element. */
  readonly row?: { readonly site: Site; readonly length: number };
}

/** A value at every site. */
export type SiteValues = (site: Site) => readonly Expression[];

/** One operator of a kernel: element-wise, or given as what it comes to. */
export type KernelStep =
  | {
      readonly kind: "formula";
      readonly formula: Formula;
      /** For each operand of the formula the earlier step whose result it is; `undefined`: from memory. */
      readonly from: readonly (number | undefined)[];
      readonly result: Operand;
    }
  | {
      readonly kind: "given";
      /** As it is stored in memory, and locals or literals. */
      readonly values: SiteValues;
    };

/** A site of one element without conditions. */
export function singleSite(tag: string, flat: Expression, body: Statement[]): Site {
  return { tag, width: 1, flat, isInside: literal("bool", 1), body, known: new Map() };
}

/** Computes steps at sites. */
export class ElementValues {
  readonly #steps: readonly KernelStep[];
  readonly #buffers: KernelBuffers;

  constructor(steps: readonly KernelStep[], buffers: KernelBuffers) {
    this.#steps = steps;
    this.#buffers = buffers;
  }

  /** The values of a step at a site, as locals. */
  of(at: number, site: Site): readonly Expression[] {
    const step = present(this.#steps[at], "step");
    return remembered(site, `step ${at}`, () => {
      if (step.kind === "given") {
        return step.values(site);
      }
      const { formula, from, result } = step;
      const operands = formula.operands.map((operand, i) => {
        const earlier = from[i];
        return earlier === undefined
          ? this.#operand(operand, result.dims, site)
          : this.of(earlier, site);
      });
      return Array.from({ length: site.width }, (_, i) => {
        const value = formula.value(operands.map((values) => present(values[i], "operand")));
        const made = stored(result.storage, convert(VALUE_OF[result.storage], value));
        return defined(site, `y${at}_${site.tag}_${i}`, made);
      });
    });
  }

  /** The elements of an operand that are broadcast to tensors of `dims` at the site's positions. */
  #operand(operand: Operand, dims: readonly number[], site: Site): readonly Expression[] {
    const type = VALUE_OF[operand.storage];
    return isLiteral(operand)
      ? repeated(literal(type, operand.values?.[0] ?? 0), site.width)
      : loaded(operand, dims, site, this.#buffers);
  }
}

/** The elements of an operand, broadcast to tensors of `dims`, at the positions of a site. */
export function loaded(
  operand: Operand,
  dims: readonly number[],
  site: Site,
  buffers: KernelBuffers,
): readonly Expression[] {
  const space = { dims, layouts: [broadcastLayout(operand.dims, dims, operand.strides)] };
  const isTurned = site.isChannelsLast === true;
  const merged = mergeDims(isTurned ? reordered(space, channelsLastOrder(dims.length)) : space);
  const layout = present(merged.layouts[0], "layout");
  const inner = merged.dims.at(-1) ?? 1;
  const stride = layout.strides.at(-1) ?? 0;
  const key = `load ${JSON.stringify([operand.place, merged.dims, layout.strides])}`;
  const { row } = site;
  if (row !== undefined && stride === 0 && inner % row.length === 0) {
    const [value] = remembered(row.site, key, () => loaded(operand, dims, row.site, buffers));
    return repeated(present(value, "value of a row"), site.width);
  }
  return remembered(site, key, () => {
    const buffer = buffers.read(operand);
    const address = (i: number): Expression => {
      const at = add(site.flat, literal(site.flat.type, i));
      return addressOf(layout, coordinatesOf(at, merged.dims));
    };
    const name = `x${site.known.size}_${site.tag}`;
    const isSame = stride === 0 && inner % site.width === 0;
    if (isSame || site.width === 1) {
      const value = guarded(site, load(operand.storage, buffer, address(0)));
      return repeated(defined(site, name, value), site.width);
    }
    const names = Array.from({ length: site.width }, (_, i) => `${name}_${i}`);
    if (isInFours(operand, layout, inner)) {
      return loadedFour(operand, { buffer, index: address(0), names }, site);
    }
    return names.map((each, i) =>
      defined(site, each, guarded(site, load(operand.storage, buffer, address(i)))),
    );
  });
}

/** Whether elements at positions from a multiple of four on are neighbors from a multiple of four on. */
function isInFours(operand: Operand, { offset, strides }: Layout, inner: number): boolean {
  return (
    operand.isUnaligned !== true &&
    strides.at(-1) === 1 &&
    inner % FOUR === 0 &&
    [offset, ...strides.slice(0, -1)].every((distance) => distance % FOUR === 0)
  );
}

function loadedFour(
  operand: Operand,
  what: {
    readonly buffer: number;
    readonly index: Expression;
    readonly names: readonly string[];
  },
  site: Site,
): readonly Expression[] {
  const type = VALUE_OF[operand.storage];
  const four: Statement = { kind: "loadFour", ...what };
  site.body.push(
    ...what.names.map((name) => define(name, literal(type, 0))),
    ...(isAlways(site.isInside)
      ? [four]
      : [{ kind: "if", condition: site.isInside, body: [four] } as const]),
  );
  return what.names.map((name) => local(type, name));
}

/** Stores the values of a site at its positions in a tensor. */
export function storedAt(
  site: Site,
  buffer: number,
  values: readonly Expression[],
  result: Operand,
): readonly Statement[] {
  invariant(values.length === site.width, "a value for each element of a site");
  const first = storedPlace(site.flat, result);
  const isInRow = first === site.flat || (result.dims[1] ?? 0) % FOUR === 0;
  return site.width === FOUR && result.isUnaligned !== true && isInRow
    ? [{ kind: "storeFour", buffer, index: first, values }]
    : values.map((value, i) => {
        const index = storedPlace(add(site.flat, literal(site.flat.type, i)), result);
        return { kind: "store", buffer, index, value };
      });
}

/** The place in memory of the element at a position of a tensor, counted in the order of memory. */
export function storedPlace(position: Expression, { dims, strides }: Operand): Expression {
  if (strides === undefined) {
    return position;
  }
  const space = reordered(
    { dims, layouts: [{ offset: 0, strides }] },
    channelsLastOrder(dims.length),
  );
  const merged = mergeDims(space);
  const [layout] = merged.layouts;
  return merged.dims.length < 2
    ? position
    : addressOf(present(layout, "layout"), coordinatesOf(position, merged.dims));
}

/** The coordinates of the element at a position in a tensor's memory. */
export function storedCoordinates(
  position: Expression,
  { dims, strides }: Pick<Operand, "dims" | "strides">,
): readonly Expression[] {
  if (strides === undefined) {
    return coordinatesOf(position, dims);
  }
  const order = channelsLastOrder(dims.length);
  const stored = coordinatesOf(position, inOrder(dims, order));
  return dims.map((_, axis) => present(stored[order.indexOf(axis)], "coordinate"));
}

/** The value after being stored and loaded again. */
export function stored(storage: StorageType, value: Expression): Expression {
  return storage === "f32" ||
    storage === "f64" ||
    storage === "i32" ||
    storage === "i64" ||
    storage === "bool"
    ? value
    : { kind: "narrow", type: value.type, storage, value };
}

/** A local of the site with this value. */
export function defined(site: Site, name: string, value: Expression): Expression {
  site.body.push(define(name, value));
  return local(value.type, name);
}

/** The values that a site has under a key, made when they are first asked for. */
export function remembered(
  { known }: Site,
  key: string,
  make: () => readonly Expression[],
): readonly Expression[] {
  const values = known.get(key) ?? make();
  known.set(key, values);
  return values;
}

function guarded({ isInside }: Site, value: Expression): Expression {
  return choose(isInside, value, literal(value.type, 0));
}

function repeated(value: Expression, times: number): readonly Expression[] {
  return new Array<Expression>(times).fill(value);
}

/** Whether a condition is known to hold. */
export function isAlways(condition: Expression): boolean {
  return condition.kind === "constant" && condition.value !== 0;
}

/** Single known elements are part of the code. 64-bit integers that a double cannot hold are not known. */
function isLiteral(operand: Operand): boolean {
  return operand.values?.length === 1 && operand.place.kind === "constant";
}
