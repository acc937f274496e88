/** How long the next task of a model is expected to take, worked out by itself for `replayRequests`. */

/** Tasks that are remembered. */
const REMEMBERED = 256;

/** A request that a try answers late is made up for by so many that were answered or refused. */
const SHARE = 100;

/** What is remembered of the tasks of a model whose late requests are refused. */
export class TaskMemory {
  #took: number[] = [];
  /** `undefined`: to be worked out. */
  #longest: number | undefined = 0;
  #settled = 0;
  #lateByTries = 0;
  #isTrying = false;

  /** What a task would take now. */
  expect(aloneNs: number, objectiveNs: number, inFlight: number): number {
    const longest = this.#longestOf();
    const isHopeless = longest > objectiveNs;
    const mayTry = inFlight === 0 && SHARE * this.#lateByTries <= this.#settled;
    return isHopeless && mayTry ? aloneNs : Math.max(aloneNs, longest);
  }

  launch(objectiveNs: number): void {
    this.#isTrying = this.#longestOf() > objectiveNs;
  }

  /** A task has answered its requests, each after so many nanoseconds. */
  answer(tookNs: number, latenciesNs: readonly number[], objectiveNs: number): void {
    const late = latenciesNs.filter((latency) => latency > objectiveNs);
    this.#settled += latenciesNs.length;
    this.#lateByTries += this.#isTrying ? late.length : 0;
    this.#isTrying = false;
    this.#took.push(tookNs);
    if (this.#took.length > 2 * REMEMBERED) {
      this.#took = this.#took.slice(-REMEMBERED);
    }
    this.#longest = undefined;
  }

  refuse(): void {
    this.#settled++;
  }

  #longestOf(): number {
    this.#longest ??= Math.max(0, ...this.#took.slice(-REMEMBERED));
    return this.#longest;
  }
}
