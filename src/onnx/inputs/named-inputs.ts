/**
 * What the names of inputs say, where the way in which a model uses them does not: positions count up,
 * token types are 0, masks are 1, lengths are full.
 */
import type { ElementType } from "../../ir/element-type.js";
import type { Demand } from "./demand.js";
import type { Draw } from "./draw.js";

/** An input of a model, with static dims. */
export interface NamedInput {
  readonly name: string;
  readonly elementType: ElementType;
  readonly dims: readonly number[];
  /** Axes whose size the file leaves open. */
  readonly openAxes: readonly number[];
}

/** An input whose draw is looked for, among all inputs of the model. */
export interface NameCall {
  readonly input: NamedInput;
  readonly all: readonly NamedInput[];
  /** What the model asks of it; `undefined`: nothing is known. */
  readonly demand: Demand | undefined;
}

/** A rule about names. */
export interface NameRule {
  readonly pattern: RegExp;
  /** Which inputs it is for, for documents. */
  readonly inputs: string;
  readonly drawn: string;
  readonly why: string;
  draw(call: NameCall): Draw | undefined;
}

/** Inputs of few numbers are settings; larger ones are data, whatever their name. */
const MOST_SETTINGS = 8;

/** The rules; the first that draws something counts. */
export const NAME_RULES: readonly NameRule[] = [
  {
    pattern: /position|pos_ids/i,
    inputs: "integers, as in `position_ids`",
    drawn:
      "0, 1, 2, ... along the last axis, from the length of the past on if `attention_mask` is longer",
    why: "that is what positions are, and a table of positions may have no more rows",
    draw: ({ input, all, demand }) =>
      isInteger(input) && input.dims.length > 0
        ? {
            kind: "increasing",
            from: pastLength(input, all),
            high: demand?.high ?? Number.POSITIVE_INFINITY,
          }
        : undefined,
  },
  {
    pattern: /token_type|segment/i,
    inputs: "integers, as in `token_type_ids`, `segment_ids`",
    drawn: "0",
    why: "one sentence; many tables have no other row",
    draw: ({ input }) => (isInteger(input) ? { kind: "all", value: 0 } : undefined),
  },
  {
    pattern: /mask/i,
    inputs: "integers and booleans, and floats of rank 2 or less, as in `attention_mask`",
    drawn: "1",
    why: "nothing is masked",
    draw: ({ input, demand }) =>
      demand?.isIndex !== true && (!isFloat(input) || input.dims.length <= 2)
        ? { kind: "all", value: 1 }
        : undefined,
  },
  {
    pattern: /^(?!.*(past|max|min)).*len(gth)?s?(_|$)/i,
    inputs: "integers of rank 1 or less, as in `input_lengths`",
    drawn: "the open size, other than the first, of the first input that has one",
    why: "a full sequence is what the sizes are for",
    draw: ({ input, all }) => {
      const length = input.dims.length < 2 && isInteger(input) ? openLength(all) : undefined;
      return length === undefined ? undefined : { kind: "all", value: length };
    },
  },
  {
    pattern: /(im|img|image|orig|original|target)_?\w*(size|shape)s?$/i,
    inputs: "two numbers a row, as in `orig_target_sizes`, `image_shape`",
    drawn: "height and width of the picture among the inputs",
    why: "boxes are scaled by them",
    draw: ({ input, all }) => {
      const picture = all.find(({ dims }) => dims.length === 4)?.dims;
      const rows = input.dims.slice(0, -1).reduce((product, size) => product * size, 1);
      if (picture === undefined || input.dims.at(-1) !== 2 || rows > MOST_SETTINGS) {
        return undefined;
      }
      const [, , height = 1, width = 1] = picture;
      return { kind: "list", values: new Array(rows).fill([height, width]).flat() };
    },
  },
  {
    pattern: /scale|speed|temperature|ratio/i,
    inputs: `floats, ${MOST_SETTINGS} or fewer, as in \`scales\`, \`speed\``,
    drawn: "1",
    why: "a negative scale leaves nothing of what it scales",
    draw: ({ input }) =>
      isFloat(input) && input.dims.reduce((product, size) => product * size, 1) <= MOST_SETTINGS
        ? { kind: "all", value: 1 }
        : undefined,
  },
];

function isInteger({ elementType }: NamedInput): boolean {
  return /^u?int/.test(elementType);
}

function isFloat({ elementType }: NamedInput): boolean {
  return /float/.test(elementType);
}

/** Tokens before those of an input: as many as the attention mask has more. */
function pastLength({ dims }: NamedInput, all: readonly NamedInput[]): number {
  const mask = all.find(
    ({ name, dims: each }) => /attention_mask/i.test(name) && each.length === 2,
  );
  return Math.max(0, (mask?.dims[1] ?? 0) - (dims.at(-1) ?? 0));
}

/** The first open size that is no batch. */
function openLength(all: readonly NamedInput[]): number | undefined {
  for (const { dims, openAxes } of all) {
    const axis = openAxes.find((each) => each > 0);
    if (axis !== undefined) {
      return dims[axis];
    }
  }
  return undefined;
}
