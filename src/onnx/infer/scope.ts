import type { Fact } from "./fact.js";

/** Facts by value name; a body also sees the values of the graph around it. */
export class Scope {
  /** 0 for the main graph, one more for every body inside another. */
  readonly depth: number;
  readonly #outer: Scope | undefined;
  readonly #facts = new Map<string, Fact>();

  constructor(outer?: Scope) {
    this.#outer = outer;
    this.depth = outer === undefined ? 0 : outer.depth + 1;
  }

  /** The fact of a value, or `undefined` when no graph defines it. Cost: O(depth). */
  get(name: string): Fact | undefined {
    let scope: Scope | undefined = this;
    while (scope !== undefined) {
      const fact = scope.#facts.get(name);
      if (fact !== undefined) {
        return fact;
      }
      scope = scope.#outer;
    }
    return undefined;
  }

  /** Records the fact of a value of this graph; an empty name is an omitted output. */
  set(name: string, fact: Fact): void {
    if (name !== "") {
      this.#facts.set(name, fact);
    }
  }
}
