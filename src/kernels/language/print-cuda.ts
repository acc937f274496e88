/** Prints kernels as CUDA C without any header: NVRTC needs only this text. */
import { invariant } from "../../core/invariant.js";
import {
  type BinaryOperation,
  type Expression,
  isFloatValue,
  type StorageType,
  type UnaryOperation,
  type ValueType,
} from "./expression.js";
import type { KernelBuffer, KernelCode, Statement } from "./kernel.js";

const VALUE_NAMES: Readonly<Record<ValueType, string>> = {
  bool: "bool",
  i32: "int",
  i64: "long long",
  f32: "float",
  f64: "double",
};

const STORAGE_NAMES: Readonly<Record<StorageType, string>> = {
  bool: "unsigned char",
  i8: "signed char",
  u8: "unsigned char",
  i16: "short",
  u16: "unsigned short",
  i32: "int",
  u32: "unsigned int",
  i64: "long long",
  f16: "unsigned short",
  bf16: "unsigned short",
  f32: "float",
  f64: "double",
};

/**
 * The prelude of every source. Minimum and maximum are NaN when either value is NaN, as ONNX
 * Runtime does; CUDA's `fminf` and `fmaxf` would hide a value that was never written.
 */
export const CUDA_PREAMBLE = `template <typename T> struct alignas(4 * sizeof(T)) Four { T a, b, c, d; };
template <typename T> __device__ __forceinline__ T least(T a, T b) {
  return a < b || a != a ? a : b;
}
template <typename T> __device__ __forceinline__ T greatest(T a, T b) {
  return a > b || a != a ? a : b;
}
__device__ __forceinline__ float halfToFloat(unsigned short bits) {
  float value;
  asm("{ cvt.f32.f16 %0, %1; }" : "=f"(value) : "h"(bits));
  return value;
}
__device__ __forceinline__ unsigned short floatToHalf(float value) {
  unsigned short bits;
  asm("{ cvt.rn.f16.f32 %0, %1; }" : "=h"(bits) : "f"(value));
  return bits;
}
__device__ __forceinline__ float brainToFloat(unsigned short bits) {
  return __int_as_float((int)bits << 16);
}
__device__ __forceinline__ unsigned short floatToBrain(float value) {
  unsigned int bits = (unsigned int)__float_as_int(value);
  if (value != value) return (unsigned short)0x7fff;
  return (unsigned short)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}
`;

/** The definition of a kernel under a name. */
export function printKernel(kernel: KernelCode, name: string): string {
  const parameters = kernel.buffers.map(printParameter).join(", ");
  const shared = (kernel.shared ?? []).map(
    ({ type, count }, i) => `  __shared__ ${VALUE_NAMES[type]} shared${i}[${count}];`,
  );
  const printer = new StatementPrinter(kernel.buffers);
  return [
    `extern "C" __global__ void __launch_bounds__(${kernel.threads}) ${name}(${parameters}) {`,
    ...shared,
    "  const int thread = threadIdx.x;",
    "  const int threadBlock = blockIdx.x;",
    ...printer.print(kernel.body, "  "),
    "}",
    "",
  ].join("\n");
}

function printParameter({ storage, access }: KernelBuffer, at: number): string {
  return `${access === "read" ? "const " : ""}${STORAGE_NAMES[storage]}* __restrict__ b${at}`;
}

class StatementPrinter {
  readonly #buffers: readonly KernelBuffer[];

  constructor(buffers: readonly KernelBuffer[]) {
    this.#buffers = buffers;
  }

  print(body: readonly Statement[], indent: string): string[] {
    return body.flatMap((statement) => this.#statement(statement, indent));
  }

  #statement(statement: Statement, indent: string): string[] {
    switch (statement.kind) {
      case "define": {
        const type = VALUE_NAMES[statement.value.type];
        return [`${indent}${type} ${statement.name} = ${this.#value(statement.value)};`];
      }
      case "assign":
        return [`${indent}${statement.name} = ${this.#value(statement.value)};`];
      case "store":
        return [`${indent}${this.#store(statement.buffer, statement.index, statement.value)};`];
      case "storeShared":
        return [
          `${indent}shared${statement.array}[${this.#value(statement.index)}] = ` +
            `${this.#value(statement.value)};`,
        ];
      case "loadFour":
        return this.#loadFour(statement, indent);
      case "storeFour": {
        const { buffer, index, values } = statement;
        const storage = this.#storage(buffer);
        const words = values.map((value) => narrow(storage, this.#value(value)));
        return [
          `${indent}*(${fourOf(storage)}*)(b${buffer} + ${this.#value(index)}) = {${words.join(", ")}};`,
        ];
      }
      case "if":
        return [
          `${indent}if (${this.#value(statement.condition)}) {`,
          ...this.print(statement.body, `${indent}  `),
          `${indent}}`,
        ];
      case "loop":
        return this.#loop(statement, indent);
      case "barrier":
        return [`${indent}__syncthreads();`];
      case "exchange":
        return [
          `${indent}${VALUE_NAMES[statement.type]} ${statement.name} = ` +
            `__shfl_xor_sync(0xffffffffu, ${statement.source}, ${statement.mask});`,
        ];
    }
  }

  #loadFour(
    { names, buffer, index }: Extract<Statement, { kind: "loadFour" }>,
    indent: string,
  ): string[] {
    const storage = this.#storage(buffer);
    const type = `const ${fourOf(storage)}`;
    const assigned = names.map((name, i) => `${name} = ${widen(storage, `four.${"abcd"[i]}`)};`);
    return [
      `${indent}{`,
      `${indent}  ${type} four = *(${type}*)(b${buffer} + ${this.#value(index)});`,
      `${indent}  ${assigned.join(" ")}`,
      `${indent}}`,
    ];
  }

  #loop(loop: Extract<Statement, { kind: "loop" }>, indent: string): string[] {
    const { name, from, to, step } = loop;
    const head =
      `${VALUE_NAMES[from.type]} ${name} = ${this.#value(from)}; ` +
      `${name} < ${this.#value(to)}; ${name} += ${this.#value(step)}`;
    return [`${indent}for (${head}) {`, ...this.print(loop.body, `${indent}  `), `${indent}}`];
  }

  #store(buffer: number, index: Expression, value: Expression): string {
    const text = this.#value(value);
    const storage = this.#storage(buffer);
    return `b${buffer}[${this.#value(index)}] = ${narrow(storage, text)}`;
  }

  #storage(buffer: number): StorageType {
    const found = this.#buffers[buffer];
    invariant(found !== undefined, `kernel uses buffer ${buffer}, which it does not have`);
    return found.storage;
  }

  #value(value: Expression): string {
    switch (value.kind) {
      case "constant":
        return printConstant(value.type, value.value);
      case "local":
        return value.name;
      case "load":
        return widen(this.#storage(value.buffer), `b${value.buffer}[${this.#value(value.index)}]`);
      case "shared":
        return `shared${value.array}[${this.#value(value.index)}]`;
      case "unary":
        return printUnary(value.operation, value.value.type, this.#value(value.value));
      case "binary":
        return printBinary(
          value.operation,
          value.left.type,
          this.#value(value.left),
          this.#value(value.right),
        );
      case "choose": {
        const [yes, no] = [this.#value(value.yes), this.#value(value.no)];
        return `(${this.#value(value.condition)} ? ${yes} : ${no})`;
      }
      case "convert":
        return value.type === "bool"
          ? `(${this.#value(value.value)} != 0)`
          : `(${VALUE_NAMES[value.type]})${this.#value(value.value)}`;
      case "narrow":
        return widen(value.storage, `(${narrow(value.storage, this.#value(value.value))})`);
    }
  }
}

function fourOf(storage: StorageType): string {
  return `Four<${STORAGE_NAMES[storage]}>`;
}

function narrow(storage: StorageType, value: string): string {
  switch (storage) {
    case "f16":
      return `floatToHalf(${value})`;
    case "bf16":
      return `floatToBrain(${value})`;
    case "bool":
      return `(unsigned char)(${value} ? 1 : 0)`;
    default:
      return `(${STORAGE_NAMES[storage]})(${value})`;
  }
}

function widen(storage: StorageType, element: string): string {
  switch (storage) {
    case "f16":
      return `halfToFloat(${element})`;
    case "bf16":
      return `brainToFloat(${element})`;
    case "bool":
      return `(${element} != 0)`;
    case "u32":
      return `(long long)${element}`;
    case "i8":
    case "u8":
    case "i16":
    case "u16":
      return `(int)${element}`;
    default:
      return element;
  }
}

/**
 * Decimal forms that read back to the same bits; values that are not finite are printed as bits.
 */
function printConstant(type: ValueType, value: number): string {
  switch (type) {
    case "bool":
      return value === 0 ? "false" : "true";
    case "i32":
      return value === -(2 ** 31) ? "(-2147483647 - 1)" : bracketed(String(Math.trunc(value)));
    case "i64":
      return bracketed(`${BigInt(Math.trunc(value))}LL`);
    case "f32":
      return printFloat(Math.fround(value), "f", "__int_as_float(0x7f800000)");
    case "f64":
      return printFloat(value, "", "__longlong_as_double(0x7ff0000000000000LL)");
  }
}

function printFloat(value: number, suffix: string, infinity: string): string {
  if (Number.isNaN(value)) {
    return `(${infinity} - ${infinity})`;
  }
  if (!Number.isFinite(value)) {
    return value > 0 ? infinity : `(-${infinity})`;
  }
  const digits = Object.is(value, -0) ? "-0" : String(value);
  return bracketed(`${/[.e]/.test(digits) ? digits : `${digits}.0`}${suffix}`);
}

function bracketed(number: string): string {
  return number.startsWith("-") ? `(${number})` : number;
}

/** CUDA's names of the functions of doubles; those of floats end in `f`. */
const FUNCTIONS: Readonly<Partial<Record<UnaryOperation, string>>> = {
  floor: "floor",
  ceil: "ceil",
  round: "rint",
  sqrt: "sqrt",
  reciprocalSqrt: "rsqrt",
  exp: "exp",
  expm1: "expm1",
  log: "log",
  log1p: "log1p",
  erf: "erf",
  tanh: "tanh",
  sin: "sin",
  cos: "cos",
  tan: "tan",
  asin: "asin",
  acos: "acos",
  atan: "atan",
  sinh: "sinh",
  cosh: "cosh",
  asinh: "asinh",
  acosh: "acosh",
  atanh: "atanh",
};

function printUnary(operation: UnaryOperation, type: ValueType, value: string): string {
  switch (operation) {
    case "not":
      return `(!${value})`;
    case "invert":
      return `(~${value})`;
    case "negate":
      return `(-${value})`;
    case "abs":
      return isFloatValue(type)
        ? `${type === "f32" ? "fabsf" : "fabs"}(${value})`
        : `(${value} < 0 ? -${value} : ${value})`;
    case "isNan":
      return `(${value} != ${value})`;
    default: {
      const name = FUNCTIONS[operation];
      invariant(name !== undefined && isFloatValue(type), `${operation} of ${type}`);
      return `${name}${type === "f32" ? "f" : ""}(${value})`;
    }
  }
}

const OPERATORS: Readonly<Partial<Record<BinaryOperation, string>>> = {
  add: "+",
  subtract: "-",
  multiply: "*",
  divide: "/",
  remainder: "%",
  and: "&",
  or: "|",
  xor: "^",
  shiftLeft: "<<",
  shiftRight: ">>",
  equal: "==",
  less: "<",
  lessEqual: "<=",
};

function printBinary(
  operation: BinaryOperation,
  type: ValueType,
  left: string,
  right: string,
): string {
  if (type === "bool" && (operation === "and" || operation === "or")) {
    return `(${left} ${operation === "and" ? "&&" : "||"} ${right})`;
  }
  if (operation === "minimum" || operation === "maximum") {
    return `${operation === "minimum" ? "least" : "greatest"}(${left}, ${right})`;
  }
  if (operation === "remainder" && isFloatValue(type)) {
    return `${type === "f32" ? "fmodf" : "fmod"}(${left}, ${right})`;
  }
  if (operation === "power") {
    return isFloatValue(type)
      ? `${type === "f32" ? "powf" : "pow"}(${left}, ${right})`
      : `(${VALUE_NAMES[type]})pow((double)${left}, (double)${right})`;
  }
  return `(${left} ${OPERATORS[operation] ?? ""} ${right})`;
}
