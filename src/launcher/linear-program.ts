/**
 * Linear and integer programs in our own words, solved by javascript-lp-solver (simplex, branch and
 * cut). What comes back is checked against the program before it is believed.
 */
import solver from "javascript-lp-solver";

/** One unknown: at least 0 unless it is free. */
export interface LinearVariable {
  /** What one unit adds to the cost. */
  readonly cost: number;
  readonly isInteger?: boolean;
  /** May be negative. Not together with `isInteger`. */
  readonly isFree?: boolean;
}

/** `factor` times a variable, given by its position. */
export interface LinearTerm {
  readonly variable: number;
  readonly factor: number;
}

/** `least` <= sum of the terms <= `most`, each where it is given. */
export interface LinearConstraint {
  readonly terms: readonly LinearTerm[];
  readonly least?: number;
  readonly most?: number;
}

/** The cost is to be as small as it can. */
export interface LinearProgram {
  readonly variables: readonly LinearVariable[];
  readonly constraints: readonly LinearConstraint[];
}

/** The answer to a program. */
export type LinearOutcome =
  | {
      readonly kind: "optimal";
      readonly cost: number;
      /** By position of the variable; integers are exact. */
      readonly values: readonly number[];
    }
  | { readonly kind: "infeasible" }
  | { readonly kind: "unbounded" }
  /** Rounding led the solver astray: its answer does not keep the constraints. */
  | { readonly kind: "unsolved" };

/** The package declares its types for CommonJS; what an ES module imports is the solver itself. */
const simplex = solver as unknown as {
  Solve(model: object): Readonly<Record<string, unknown>>;
};

/** Constraints count as kept within this share of their largest term, at least absolutely. */
const TOLERANCE = 1e-6;

/**
 * The least cost and a point that has it.
 *
 * Requires: finite numbers; positions of `terms` exist. For large or badly scaled programs this
 * solver is slow and imprecise: it is meant for some hundred variables.
 * Cost: of the simplex method; exponential in integer variables at worst.
 */
export function solveLinearProgram(program: LinearProgram): LinearOutcome {
  const solution = simplex.Solve(modelOf(program));
  if (solution["feasible"] !== true) {
    return { kind: "infeasible" };
  }
  if (solution["bounded"] === false) {
    return { kind: "unbounded" };
  }
  const values = program.variables.map(({ isInteger }, at) => {
    const value = Number(solution[nameOf(at)] ?? 0);
    return isInteger === true ? Math.round(value) : value;
  });
  const cost = program.variables.reduce((sum, { cost: each }, at) => {
    return sum + each * (values[at] ?? 0);
  }, 0);
  return program.constraints.every((constraint) => isKept(constraint, values))
    ? { kind: "optimal", cost, values }
    : { kind: "unsolved" };
}

function nameOf(variable: number): string {
  return `x${variable}`;
}

function modelOf({ variables, constraints }: LinearProgram) {
  const columns = variables.map(({ cost }): Record<string, number> => ({ cost }));
  const bounds: Record<string, { min?: number; max?: number; equal?: number }> = {};
  for (const [row, { terms, least, most }] of constraints.entries()) {
    const name = `c${row}`;
    for (const { variable, factor } of terms) {
      const column = columns[variable];
      if (column !== undefined) {
        column[name] = (column[name] ?? 0) + factor;
      }
    }
    bounds[name] =
      least !== undefined && least === most
        ? { equal: least }
        : {
            ...(least === undefined ? {} : { min: least }),
            ...(most === undefined ? {} : { max: most }),
          };
  }
  const chosen = (test: (variable: LinearVariable) => boolean): Record<string, 1> =>
    Object.fromEntries(
      variables.flatMap((variable, at) => (test(variable) ? [[nameOf(at), 1] as const] : [])),
    );
  return {
    optimize: "cost",
    opType: "min",
    constraints: bounds,
    variables: Object.fromEntries(columns.map((column, at) => [nameOf(at), column])),
    ints: chosen(({ isInteger }) => isInteger === true),
    unrestricted: chosen(({ isFree }) => isFree === true),
  };
}

function isKept({ terms, least, most }: LinearConstraint, values: readonly number[]): boolean {
  let sum = 0;
  let size = 1;
  for (const { variable, factor } of terms) {
    const term = factor * (values[variable] ?? 0);
    sum += term;
    size = Math.max(size, Math.abs(term));
  }
  const slack = TOLERANCE * size;
  return sum >= (least ?? -Infinity) - slack && sum <= (most ?? Infinity) + slack;
}
