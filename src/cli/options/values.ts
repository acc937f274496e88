/** Values of options: from what was typed, or commander's `InvalidArgumentError` with the rule. */
import { InvalidArgumentError } from "commander";
import { MAX_RATE, MIN_RATE } from "../../arrivals/arrivals-format.js";
import type { PipelineDevice } from "../../placement/stage-spec.js";

/** The part of an option's help for whole numbers in [`low`, `high`]. */
export function whole(
  low: number,
  high: number,
): { readonly parse: (value: string) => number; readonly range: string } {
  return { parse: wholeNumber(low, high), range: `${grouped(low)} to ${grouped(high)}` };
}

/** Digits in groups of three, the same in every locale. */
function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A parser of whole numbers in [`low`, `high`]. */
function wholeNumber(low: number, high: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < low || number > high) {
      throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
    }
    return number;
  };
}

/** `NAME=SIZE` added to the sizes that are known, each once. */
export function addDim(
  value: string,
  known: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const at = value.lastIndexOf("=");
  const digits = value.slice(at + 1);
  const size = Number(digits);
  if (at <= 0 || !/^\d+$/.test(digits) || !Number.isSafeInteger(size)) {
    throw new InvalidArgumentError("It must be NAME=SIZE with a whole number, such as batch=8.");
  }
  return withNew(known, value.slice(0, at), size);
}

/** `NAME=FILE` added to those before; which `=` it is depends on the names of the model. */
export function addInput(value: string, before: readonly string[]): readonly string[] {
  if (!/^.+=.+$/s.test(value)) {
    throw new InvalidArgumentError(
      "It must be NAME=FILE, such as ids=ids.npy; --inputs takes a folder.",
    );
  }
  return [...before, value];
}

/** A path added to those before. */
export function addPath(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** `MODEL=RATE` added to the rates that are known, each once; in requests per second, as in arrivals files. */
export function addRate(
  value: string,
  known: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const at = value.lastIndexOf("=");
  const text = value.slice(at + 1);
  const rate = Number(text);
  if (at <= 0 || !/^\d+(?:\.\d+)?$/.test(text) || rate < MIN_RATE || rate > MAX_RATE) {
    throw new InvalidArgumentError(
      `It must be MODEL=RATE with ${MIN_RATE} to ${grouped(MAX_RATE)} requests per second, such as resnet50=400.`,
    );
  }
  return withNew(known, value.slice(0, at), rate);
}

/** What is known, and one name more: of two values for a name neither is what was meant. */
function withNew(
  known: ReadonlyMap<string, number>,
  name: string,
  value: number,
): ReadonlyMap<string, number> {
  const before = known.get(name);
  if (before !== undefined) {
    throw new InvalidArgumentError(
      `It must be given once for each name: ${name} is ${before} already.`,
    );
  }
  return new Map(known).set(name, value);
}

/** Most factors of rates. */
const MOST_SCALES = 20;

/** Factors of rates from 0.001 to 1,000, separated by commas; returned ascending, each once. */
export function scales(value: string): readonly number[] {
  const given = value.split(",").map((text) => (/^\d*\.?\d+$/.test(text) ? Number(text) : 0));
  if (given.length > MOST_SCALES || given.some((scale) => scale < 1e-3 || scale > 1e3)) {
    throw new InvalidArgumentError(
      `It must be at most ${MOST_SCALES} numbers from 0.001 to 1,000, such as 0.5,0.8,1.`,
    );
  }
  return [...new Set(given)].sort((a, b) => a - b);
}

/** Most tasks in flight. */
export const MOST_TASKS = 64;

/** Numbers in [0, 1), separated by commas, at most `MOST_TASKS`. */
export function sharesOfTasks(value: string): readonly number[] {
  const shares = value.split(",").map((text) => (/^\d*\.?\d+$/.test(text) ? Number(text) : -1));
  if (shares.length > MOST_TASKS || shares.some((share) => share < 0 || share >= 1)) {
    throw new InvalidArgumentError("It must be numbers of at least 0 and below 1, such as 0,0.5.");
  }
  return shares;
}

/** Most devices of a pipeline or a shape. */
export const MOST_DEVICES = 512;

/** `4`, or `big=2@16GiB,small`. */
export function deviceList(value: string): readonly PipelineDevice[] {
  if (/^\d+$/.test(value)) {
    const count = wholeNumber(1, MOST_DEVICES)(value);
    return Array.from({ length: count }, (_, at) => ({
      name: `d${at}`,
      speed: 1,
      memoryBytes: undefined,
    }));
  }
  const devices = value.split(",").map((entry): PipelineDevice => {
    const match = /^([^=@,]{1,100})(?:=([^@]+))?(?:@(.+))?$/.exec(entry);
    if (match === null) {
      throw new InvalidArgumentError("It must be a number, or NAME[=SPEED][@MEMORY],...");
    }
    const [, name = "", speed, memory] = match;
    return {
      name,
      speed: speed === undefined ? 1 : positive(speed),
      memoryBytes: memory === undefined ? undefined : memorySize(memory),
    };
  });
  if (
    devices.length > MOST_DEVICES ||
    new Set(devices.map(({ name }) => name)).size < devices.length
  ) {
    throw new InvalidArgumentError(`The names must differ, and be at most ${MOST_DEVICES}.`);
  }
  return devices;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["kib", 2 ** 10],
  ["mib", 2 ** 20],
  ["gib", 2 ** 30],
  ["tib", 2 ** 40],
  ["kb", 1e3],
  ["mb", 1e6],
  ["gb", 1e9],
  ["tb", 1e12],
]);

const MOST_MEMORY = 2 ** 41;

/** Bytes or units of memory, or a number with a unit such as `16GiB`; whole, at most 2 TiB. */
export function memorySize(value: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value);
  const unit = UNITS.get((match?.[2] ?? "?").toLowerCase());
  const bytes = unit === undefined ? Number.NaN : Math.floor(Number(match?.[1]) * unit);
  if (!(bytes >= 0 && bytes <= MOST_MEMORY)) {
    throw new InvalidArgumentError(
      "It must be a size up to 2 TiB, such as 16GiB, 512MiB or 1000000.",
    );
  }
  return bytes;
}

/** Bytes per second, `25G`. */
export function bandwidth(value: string): number {
  const match = /^(\d+(?:\.\d+)?)([kmg]?)$/i.exec(value);
  const unit = { "": 1, k: 1e3, m: 1e6, g: 1e9 }[(match?.[2] ?? "").toLowerCase()] ?? 1;
  const bytes = Number(match?.[1]) * unit;
  if (!(bytes > 0)) {
    throw new InvalidArgumentError("It must be bytes per second above 0, such as 25G.");
  }
  return bytes;
}

/** A number above 0, up to a million. */
export function positive(value: string): number {
  const number = Number(value);
  if (!/^\d*\.?\d+$/.test(value) || number <= 0 || number > 1e6) {
    throw new InvalidArgumentError("It must be a number above 0 and up to a million.");
  }
  return number;
}

/** A number above 0, up to 1. */
export function share(value: string): number {
  const number = positive(value);
  if (number > 1) {
    throw new InvalidArgumentError("It must be a number above 0 and up to 1.");
  }
  return number;
}
