import type { Lists } from "../core/lists.js";

/**
 * A small neural network over the nodes of a directed graph, with its gradient.
 *
 * Every node has a row of numbers. A layer gives each node a new row from its own, the mean of those
 * that lead to it and the mean of those it leads to:
 *
 *     h' = relu([h | mean of predecessors' h | mean of successors' h] W + b)
 *
 * so after two layers a node knows of everything two steps away. The answer is linear in what the
 * node started with and what the last layer made of it, `[x | h] V + c`: with V = 0 for the
 * second part the network is a plain weighted sum of the features.
 *
 * The same parameters serve graphs of any size and shape; that is what lets a network trained on
 * small synthetic graphs answer for a model it has never seen.
 *
 * Only additions, multiplications, divisions and comparisons of 64-bit floats are used, in a fixed
 * order. Their results are the same on every machine, down to the last bit; exponentials and
 * logarithms would not be.
 *
 * Source: mean-aggregating graph convolutions, GraphSAGE (Hamilton et al., NeurIPS 2017).
 * Differs: predecessors and successors apart, inputs also go to the answer.
 */

/** Sizes of a network. */
export interface NetworkShape {
  /** Input numbers per node. */
  readonly features: number;
  /** Width of each layer's rows. */
  readonly hidden: number;
  readonly layers: number;
  /** Output numbers per node. */
  readonly outputs: number;
}

/** Predecessors and successors of each node. */
export interface NodeLinks {
  readonly predecessors: Lists;
  readonly successors: Lists;
}

/** A network bound to one graph. Its buffers are reused: an answer is valid until the next one. */
export interface GraphNetwork {
  /** Rows of answers, node by node. Requires: `inputs` has a row of features per node. */
  forward(parameters: Float64Array, inputs: Float64Array): Float64Array;
  /**
   * Returns the gradient by parameter, given that of the last answer.
   *
   * Requires: `forward` was called with the same parameters.
   */
  backward(parameters: Float64Array, answerGradient: Float64Array): Float64Array;
  /** The gradient by input of the last `backward`, a row of features per node. */
  inputGradient(): Float64Array;
}

/** The number of parameters of a network: per layer W then b, at the end V and c. */
export function parameterCount({ features, hidden, layers, outputs }: NetworkShape): number {
  let count = (features + hidden) * outputs + outputs;
  for (let layer = 0; layer < layers; layer++) {
    count += 3 * (layer === 0 ? features : hidden) * hidden + hidden;
  }
  return count;
}

interface Layer {
  readonly width: number;
  /** First of its parameters. */
  readonly at: number;
  /** Own row, mean before, mean after: the input of the matrix. */
  readonly gathered: Float64Array;
  readonly rows: Float64Array;
}

/** A network for a graph of `nodes` nodes. Cost per call: O(nodes * parameters + links * width). */
export function graphNetwork(shape: NetworkShape, nodes: number, links: NodeLinks): GraphNetwork {
  const { features, hidden, outputs } = shape;
  const layers: Layer[] = [];
  let at = 0;
  for (let layer = 0; layer < shape.layers; layer++) {
    const width = layer === 0 ? features : hidden;
    const gathered = new Float64Array(nodes * 3 * width);
    layers.push({ width, at, gathered, rows: new Float64Array(nodes * hidden) });
    at += 3 * width * hidden + hidden;
  }
  const readAt = at;
  const readWidth = features + hidden;
  const read = new Float64Array(nodes * readWidth);
  const answers = new Float64Array(nodes * outputs);
  const gradient = new Float64Array(parameterCount(shape));
  const inputSlopes = new Float64Array(nodes * features);

  return {
    forward(parameters, inputs): Float64Array {
      let rows = inputs;
      for (const layer of layers) {
        gather(rows, layer.width, nodes, links, layer.gathered);
        const sizes = { nodes, inner: 3 * layer.width, outer: hidden };
        affine(layer.gathered, parameters.subarray(layer.at), sizes, layer.rows);
        rectify(layer.rows);
        rows = layer.rows;
      }
      join(inputs, features, rows, hidden, read);
      affine(
        read,
        parameters.subarray(readAt),
        { nodes, inner: readWidth, outer: outputs },
        answers,
      );
      return answers;
    },
    backward(parameters, answerGradient): Float64Array {
      gradient.fill(0);
      const back = (rows: Float64Array, at: number, sizes: Sizes, slopes: Float64Array) =>
        affineBack(rows, parameters.subarray(at), sizes, slopes, gradient.subarray(at));
      const sizes = { nodes, inner: readWidth, outer: outputs };
      const readGradient = back(read, readAt, sizes, answerGradient);
      let rowGradient = tail(readGradient, features, hidden, nodes);
      for (const layer of [...layers].reverse()) {
        stopWhereZero(rowGradient, layer.rows);
        const inner = { nodes, inner: 3 * layer.width, outer: hidden };
        const gathered = back(layer.gathered, layer.at, inner, rowGradient);
        rowGradient = scatter(gathered, layer.width, nodes, links);
      }
      for (let i = 0; i < inputSlopes.length; i++) {
        const direct = readGradient[Math.floor(i / features) * readWidth + (i % features)]!;
        inputSlopes[i] = direct + (layers.length === 0 ? 0 : rowGradient[i]!);
      }
      return gradient;
    },
    inputGradient: () => inputSlopes,
  };
}

interface Sizes {
  readonly nodes: number;
  readonly inner: number;
  readonly outer: number;
}

/** Rows of own, mean before and mean after. */
function gather(
  rows: Float64Array,
  width: number,
  nodes: number,
  links: NodeLinks,
  into: Float64Array,
): void {
  for (let node = 0; node < nodes; node++) {
    const row = node * 3 * width;
    for (let i = 0; i < width; i++) {
      into[row + i] = rows[node * width + i]!;
    }
    mean(rows, width, links.predecessors, node, into.subarray(row + width, row + 2 * width));
    mean(rows, width, links.successors, node, into.subarray(row + 2 * width, row + 3 * width));
  }
}

function mean(
  rows: Float64Array,
  width: number,
  { start, items }: Lists,
  node: number,
  into: Float64Array,
): void {
  into.fill(0);
  const [first, end] = [start[node]!, start[node + 1]!];
  for (let link = first; link < end; link++) {
    const row = items[link]! * width;
    for (let i = 0; i < width; i++) {
      into[i] = into[i]! + rows[row + i]!;
    }
  }
  for (let i = 0; end > first + 1 && i < width; i++) {
    into[i] = into[i]! / (end - first);
  }
}

/** The gradient of `gather`: the rows of a mean share its gradient. */
function scatter(
  gradient: Float64Array,
  width: number,
  nodes: number,
  links: NodeLinks,
): Float64Array {
  const result = new Float64Array(nodes * width);
  for (let node = 0; node < nodes; node++) {
    for (let i = 0; i < width; i++) {
      const at = node * width + i;
      result[at] = result[at]! + gradient[node * 3 * width + i]!;
    }
    [links.predecessors, links.successors].forEach(({ start, items }, side) => {
      const [first, end] = [start[node]!, start[node + 1]!];
      const row = node * 3 * width + (side + 1) * width;
      for (let link = first; link < end; link++) {
        const to = items[link]! * width;
        for (let i = 0; i < width; i++) {
          const share = gradient[row + i]! / (end - first);
          result[to + i] = result[to + i]! + share;
        }
      }
    });
  }
  return result;
}

/** `into = rows W + b`, `parameters` being W and then b; zeros in rows cost nothing. */
function affine(
  rows: Float64Array,
  parameters: Float64Array,
  { nodes, inner, outer }: Sizes,
  into: Float64Array,
): void {
  const bias = inner * outer;
  for (let node = 0; node < nodes; node++) {
    const to = node * outer;
    for (let j = 0; j < outer; j++) {
      into[to + j] = parameters[bias + j]!;
    }
    for (let i = 0; i < inner; i++) {
      const value = rows[node * inner + i]!;
      if (value !== 0) {
        const row = i * outer;
        for (let j = 0; j < outer; j++) {
          into[to + j] = into[to + j]! + value * parameters[row + j]!;
        }
      }
    }
  }
}

/** Adds the gradient of W and b to `gradient`; returns that of the rows. */
function affineBack(
  rows: Float64Array,
  parameters: Float64Array,
  { nodes, inner, outer }: Sizes,
  result: Float64Array,
  gradient: Float64Array,
): Float64Array {
  const back = new Float64Array(nodes * inner);
  const bias = inner * outer;
  for (let node = 0; node < nodes; node++) {
    const from = node * outer;
    for (let j = 0; j < outer; j++) {
      gradient[bias + j] = gradient[bias + j]! + result[from + j]!;
    }
    for (let i = 0; i < inner; i++) {
      const value = rows[node * inner + i]!;
      const row = i * outer;
      let sum = 0;
      for (let j = 0; j < outer; j++) {
        const slope = result[from + j]!;
        sum += slope * parameters[row + j]!;
        gradient[row + j] = gradient[row + j]! + slope * value;
      }
      back[node * inner + i] = sum;
    }
  }
  return back;
}

function rectify(rows: Float64Array): void {
  for (let i = 0; i < rows.length; i++) {
    rows[i] = Math.max(0, rows[i]!);
  }
}

function stopWhereZero(gradient: Float64Array, rows: Float64Array): void {
  for (let i = 0; i < rows.length; i++) {
    if (rows[i] === 0) {
      gradient[i] = 0;
    }
  }
}

function join(
  left: Float64Array,
  leftWidth: number,
  right: Float64Array,
  rightWidth: number,
  into: Float64Array,
): void {
  const width = leftWidth + rightWidth;
  for (let row = 0; row * width < into.length; row++) {
    into.set(left.subarray(row * leftWidth, (row + 1) * leftWidth), row * width);
    into.set(right.subarray(row * rightWidth, (row + 1) * rightWidth), row * width + leftWidth);
  }
}

/** The last `width` numbers of each row. */
function tail(rows: Float64Array, skip: number, width: number, nodes: number): Float64Array {
  const result = new Float64Array(nodes * width);
  for (let node = 0; node < nodes; node++) {
    const end = (node + 1) * (skip + width);
    result.set(rows.subarray(end - width, end), node * width);
  }
  return result;
}
