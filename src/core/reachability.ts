/**
 * Reachability between many pairs of nodes of a directed acyclic graph at once.
 *
 * A closure of the whole graph needs n * n bits: too much for 100,000 nodes. Only the sources of
 * the questions need a bit, and only between a source and its last target. So sources are taken in
 * batches of 1,024: one sweep over the nodes between the first source of the batch and the last
 * target carries a row of bits per node, "which sources of the batch lead here". Sources whose
 * questions reach equally far (to a factor of two) share a batch, so that one long-range question
 * does not make the sweep of a thousand short ones long; where they reach less far than 1,024
 * nodes, batches are smaller too, because a node meets only the sources near it.
 *
 * Example: arcs 0->1, 1->2, 0->2. The row of 1 is {0}, the row of 2 is {0, 1}: 0 comes in twice,
 * over the arc 0->2 and through 1, which tells the caller that the arc 0->2 is redundant.
 */

/** The arcs of a graph whose nodes are numbered in topological order. */
export interface IncomingArcs {
  /** Node `v` has the incoming arcs `from[start[v]] ... from[start[v + 1] - 1]`; length n + 1. */
  readonly start: Int32Array;
  /** Tails of the arcs: smaller than the node they lead to, unique per node. */
  readonly from: Int32Array;
}

const WORDS = 32;
const BATCH = WORDS * 32;

interface Question {
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Returns, for each pair `(from[i], to[i])`, the number of direct predecessors of `to[i]` that are
 * `from[i]` itself or reachable from it, counted up to 2. 0: not connected. With an arc `from[i] ->
 * to[i]`, 2 means that the arc is implied by a longer path.
 *
 * Requires: `from[i] < to[i]`.
 * Cost: per 1,024 sources 32 word operations per arc between the first source and the last target.
 */
export function countWays(arcs: IncomingArcs, from: Int32Array, to: Int32Array): Uint8Array {
  const answers = new Uint8Array(from.length);
  const sweep = new Sweep(arcs);
  for (const batch of batches(from, to)) {
    sweep.answer(batch, answers);
  }
  return answers;
}

/**
 * The number of sources in a batch whose questions reach up to 2^(reach + 1) nodes: as many as they
 * reach, so that rows are short where few sources can be met, and at most 1,024.
 */
function batchSize(reach: number): number {
  return Math.min(BATCH, Math.max(32, 2 ** reach));
}

/** Groups the questions into batches of at most 1,024 distinct sources with like distances. */
function batches(from: Int32Array, to: Int32Array): Question[][] {
  const furthest = new Map<number, number>();
  for (let i = 0; i < from.length; i++) {
    const source = from[i]!;
    furthest.set(source, Math.max(furthest.get(source) ?? 0, to[i]!));
  }
  const reach = (source: number): number => 31 - Math.clz32((furthest.get(source) ?? 0) - source);
  const sources = [...furthest.keys()].sort((a, b) => reach(a) - reach(b) || a - b);
  const batchOf = new Map<number, number>();
  const result: Question[][] = [];
  let size = 0;
  let last = -1;
  for (const source of sources) {
    if (size === batchSize(last) || reach(source) !== last) {
      result.push([]);
      size = 0;
      last = reach(source);
    }
    batchOf.set(source, result.length - 1);
    size++;
  }
  for (let index = 0; index < from.length; index++) {
    const source = from[index]!;
    result[batchOf.get(source)!]?.push({ index, from: source, to: to[index]! });
  }
  return result;
}

/** One batch, laid out for a sweep. */
interface Plan {
  readonly first: number;
  readonly last: number;
  /** Bit of each source. */
  readonly bits: ReadonlyMap<number, number>;
  readonly byTarget: readonly Question[];
}

function planOf(batch: readonly Question[]): Plan {
  const bits = new Map<number, number>();
  let last = 0;
  for (const question of batch) {
    if (!bits.has(question.from)) {
      bits.set(question.from, bits.size);
    }
    last = Math.max(last, question.to);
  }
  const byTarget = [...batch].sort((a, b) => a.to - b.to || a.index - b.index);
  return { first: Math.min(...bits.keys()), last, bits, byTarget };
}

/** Answers batches one after the other; its buffers are shared by all batches of one call. */
class Sweep {
  readonly #arcs: IncomingArcs;
  readonly #once = new Int32Array(WORDS);
  readonly #twice = new Int32Array(WORDS);
  #rows = new Int32Array(0);
  #used = new Uint8Array(0);
  #first = 0;
  /** Words of a row in this batch. */
  #words = 0;

  constructor(arcs: IncomingArcs) {
    this.#arcs = arcs;
  }

  answer(batch: readonly Question[], answers: Uint8Array): void {
    const { first, last, bits, byTarget } = planOf(batch);
    this.#start(last - first + 1, (bits.size + 31) >>> 5, first);
    let next = 0;
    for (let node = first; node <= last; node++) {
      this.#gather(node);
      for (; byTarget[next]?.to === node; next++) {
        const { index, from } = byTarget[next] as Question;
        const bit = bits.get(from)!;
        answers[index] = has(this.#twice, bit) ? 2 : has(this.#once, bit) ? 1 : 0;
      }
      const own = bits.get(node);
      if (this.#used[node - first] === 1 || own !== undefined) {
        this.#keep(node, own);
      }
    }
  }

  #start(nodes: number, words: number, first: number): void {
    this.#first = first;
    this.#words = words;
    this.#used = new Uint8Array(nodes);
    if (this.#rows.length < nodes * words) {
      this.#rows = new Int32Array(nodes * words);
    }
  }

  /** Unites the rows of the predecessors of `node`, and marks it when there was one. */
  #gather(node: number): void {
    const { start, from } = this.#arcs;
    const once = this.#once;
    const twice = this.#twice;
    const rows = this.#rows;
    const used = this.#used;
    const first = this.#first;
    const words = this.#words;
    once.fill(0, 0, words);
    twice.fill(0, 0, words);
    const end = start[node + 1]!;
    for (let arc = start[node]!; arc < end; arc++) {
      const place = from[arc]! - first;
      if (place < 0 || used[place] === 0) {
        continue;
      }
      used[node - first] = 1;
      const row = place * words;
      for (let word = 0; word < words; word++) {
        const incoming = rows[row + word]!;
        const before = once[word]!;
        twice[word] = twice[word]! | (before & incoming);
        once[word] = before | incoming;
      }
    }
  }

  /** Writes the row of `node`, with its own bit if it is a source of the batch. */
  #keep(node: number, own: number | undefined): void {
    const rows = this.#rows;
    const words = this.#words;
    const row = (node - this.#first) * words;
    for (let word = 0; word < words; word++) {
      rows[row + word] = this.#once[word]!;
    }
    if (own !== undefined) {
      rows[row + (own >>> 5)] = rows[row + (own >>> 5)]! | (1 << (own & 31));
    }
    this.#used[node - this.#first] = 1;
  }
}

function has(words: Int32Array, bit: number): boolean {
  return (words[bit >>> 5]! & (1 << (bit & 31))) !== 0;
}
