/**
 * Dim names that are expressions over other dims, as exporters write them: `past_sequence_length +
 * sequence_length`, `4*s0`, `floor(s0/2)`, `(width - 1)//2 + 1`, `Max(1, s1)`.
 *
 *   expression = term { ("+" | "-") term }
 *   term       = factor { ("*" | "//" | "/" | "%") factor }
 *   factor     = "-" factor | power
 *   power      = operand [ "**" factor ]
 *   operand    = number | name | function "(" expression { "," expression } ")" | "(" expression ")"
 *
 * Anything else is a name like any other.
 */

/** A size computed from others. */
export interface DimExpression {
  /** The names in it, each once, in order. */
  readonly names: readonly string[];
  /**
   * The size, at least 0 and whole; `undefined` where a name has no size or the result is not a
   * size.
   */
  readonly evaluate: (sizeOf: (name: string) => number | undefined) => number | undefined;
}

type SizeOf = (name: string) => number | undefined;
type Evaluate = (sizeOf: SizeOf) => number | undefined;

const TOKEN = /\s*(\d+|[A-Za-z_][\w.]*|\/\/|\*\*|[-+*/%(),])/y;

const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "//": (a, b) => Math.floor(a / b),
  "%": (a, b) => a - b * Math.floor(a / b),
  "**": (a, b) => a ** b,
};

const FUNCTIONS: Readonly<Record<string, (...values: readonly number[]) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  ceiling: Math.ceil,
  trunc: Math.trunc,
  min: Math.min,
  max: Math.max,
  abs: Math.abs,
  // As PyTorch names them.
  mod: (a = Number.NaN, b = Number.NaN) => a - b * Math.floor(a / b),
  pythonmod: (a = Number.NaN, b = Number.NaN) => a - b * Math.floor(a / b),
  floordiv: (a = Number.NaN, b = Number.NaN) => Math.floor(a / b),
  ceildiv: (a = Number.NaN, b = Number.NaN) => Math.ceil(a / b),
  cleandiv: (a = Number.NaN, b = Number.NaN) => a / b,
  inttruediv: (a = Number.NaN, b = Number.NaN) => a / b,
  ceiltoint: Math.ceil,
  floortoint: Math.floor,
  trunctoint: Math.trunc,
};

/** Longer names are not read as expressions. */
const MAX_TOKENS = 200;

/** Parses a name as an expression; `undefined` for a plain name and for anything malformed. */
export function dimExpression(name: string): DimExpression | undefined {
  const tokens = tokensOf(name);
  if (tokens === undefined || tokens.length < 3) {
    return undefined;
  }
  const parser = new Parser(tokens);
  const evaluate = parser.whole();
  return evaluate === undefined
    ? undefined
    : {
        names: [...parser.names],
        evaluate: (sizeOf) => {
          const size = evaluate(sizeOf);
          return size !== undefined && Number.isSafeInteger(size) ? Math.max(0, size) : undefined;
        },
      };
}

function tokensOf(text: string): readonly string[] | undefined {
  const tokens: string[] = [];
  const trimmed = text.trim();
  for (let at = 0; at < trimmed.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(trimmed)?.[1];
    if (token === undefined || tokens.length === MAX_TOKENS) {
      return undefined;
    }
    tokens.push(token);
  }
  return tokens;
}

class Parser {
  readonly names = new Set<string>();
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  whole(): Evaluate | undefined {
    const result = this.#expression();
    return this.#at === this.#tokens.length ? result : undefined;
  }

  #expression(): Evaluate | undefined {
    return this.#chain(["+", "-"], () => this.#chain(["*", "//", "/", "%"], () => this.#factor()));
  }

  /** Parses operands of one precedence, from the left. */
  #chain(operators: readonly string[], operand: () => Evaluate | undefined): Evaluate | undefined {
    let left = operand();
    for (;;) {
      const operation = operators.includes(this.#next() ?? "") ? this.#take() : undefined;
      if (left === undefined || operation === undefined) {
        return left;
      }
      const right = operand();
      left = right === undefined ? undefined : combined(OPERATIONS[operation], [left, right]);
    }
  }

  #factor(): Evaluate | undefined {
    if (this.#next() === "-") {
      this.#take();
      const negated = this.#factor();
      return negated && combined((value) => 0 - (value ?? Number.NaN), [negated]);
    }
    const base = this.#operand();
    if (base === undefined || this.#next() !== "**") {
      return base;
    }
    this.#take();
    const power = this.#factor();
    return power && combined(OPERATIONS["**"], [base, power]);
  }

  #operand(): Evaluate | undefined {
    const token = this.#take();
    if (token === "(") {
      const inner = this.#expression();
      return this.#take() === ")" ? inner : undefined;
    }
    if (token === undefined || !/^\w/.test(token)) {
      return undefined;
    }
    if (this.#next() === "(") {
      return this.#call(token.toLowerCase());
    }
    if (/^\d/.test(token)) {
      const value = Number(token);
      return () => value;
    }
    this.names.add(token);
    return (sizeOf) => sizeOf(token);
  }

  #call(name: string): Evaluate | undefined {
    const operation = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    const operands: Evaluate[] = [];
    do {
      this.#take();
      const operand = this.#expression();
      if (operand === undefined) {
        return undefined;
      }
      operands.push(operand);
    } while (this.#next() === ",");
    return this.#take() === ")" && operation !== undefined
      ? combined(operation, operands)
      : undefined;
  }

  #next(): string | undefined {
    return this.#tokens[this.#at];
  }

  #take(): string | undefined {
    const token = this.#tokens[this.#at];
    this.#at++;
    return token;
  }
}

function combined(
  operation: ((...values: number[]) => number) | undefined,
  operands: readonly Evaluate[],
): Evaluate {
  return (sizeOf) => {
    const values = operands.map((operand) => operand(sizeOf));
    return values.every((value) => value !== undefined) ? operation?.(...values) : undefined;
  };
}
