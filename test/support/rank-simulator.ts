/**
 * Ranks that run schedules of PyTorch's pipelines with the rules of NCCL: what two ranks exchange passes one queue, in
 * the order in which each of them asks for it; a transfer is done once both have asked for it and everything in
 * front of it in the queue is done; a rank asks without waiting, and waits only before an action that needs what
 * it receives. Transfers take no time.
 */

/** A cell, taken apart. */
interface Cell {
  readonly text: string;
  readonly stage: number;
  readonly kind: string;
  readonly microBatch: number;
}

/** How ranks went through their rows. */
export interface RankRun {
  /** The end of the last action; `undefined`: the ranks wait for each other for ever. */
  readonly end: number | undefined;
  readonly problems: readonly string[];
}

/** What a simulation needs to know besides the rows. */
export interface RankSetting {
  /** Stages of each chain: all, or half of them. */
  readonly chainLength: number;
  /** The duration of the `at`-th action of a rank. */
  readonly durationOf: (rank: number, at: number) => number;
}

const CELL = /^(\d+)(F|B|I|W|SEND_F|SEND_B|RECV_F|RECV_B|UNSHARD|RESHARD|REDUCE_GRAD)(\d*)$/;
const COMPUTE = ["F", "B", "I", "W"];

/** The actions of a row that compute. */
export function computeCells(row: readonly string[]): readonly string[] {
  return row.filter((cell) => COMPUTE.includes(cellOf(cell).kind));
}

function cellOf(text: string): Cell {
  const match = CELL.exec(text);
  if (match === null) {
    throw new Error(`${JSON.stringify(text)} is no action`);
  }
  const [, stage, kind = "", microBatch] = match;
  return { text, stage: Number(stage), kind, microBatch: Number(microBatch) };
}

/** Runs the rows of all ranks. Throws for a cell that is no action. */
export function runRanks(rows: readonly (readonly string[])[], setting: RankSetting): RankRun {
  return new RankSimulator(rows, setting).run();
}

class RankSimulator {
  readonly #rows: readonly (readonly Cell[])[];
  readonly #setting: RankSetting;
  readonly #stageCount: number;
  /** By rank: next cell, time, and actions that have run. */
  readonly #at: number[];
  readonly #time: number[];
  readonly #ran: number[];
  readonly #rankOf = new Map<number, number>();
  /** By pair, then rank: what was asked for, with the time. */
  readonly #queues = new Map<string, Map<number, { name: string; time: number }[]>>();
  /** When each transfer is done, and when each pair is free again. */
  readonly #done = new Map<string, number>();
  readonly #free = new Map<string, number>();
  readonly #computed = new Set<string>();
  readonly #problems: string[] = [];

  constructor(rows: readonly (readonly string[])[], setting: RankSetting) {
    this.#rows = rows.map((row) => row.map(cellOf));
    this.#setting = setting;
    this.#at = rows.map(() => 0);
    this.#time = rows.map(() => 0);
    this.#ran = rows.map(() => 0);
    this.#rows.forEach((row, rank) => {
      for (const { kind, stage } of row) {
        if (COMPUTE.includes(kind)) {
          this.#rankOf.set(stage, rank);
        }
      }
    });
    this.#stageCount = Math.max(...this.#rankOf.keys()) + 1;
  }

  run(): RankRun {
    let isMoving = true;
    while (isMoving) {
      isMoving = false;
      for (const rank of this.#rows.keys()) {
        while (this.#step(rank)) {
          isMoving = true;
        }
      }
      isMoving = this.#match() || isMoving;
    }
    const stuck = this.#rows.flatMap((row, rank) => row[this.#at[rank]!]?.text ?? []);
    const asked = [...this.#queues.values()].flatMap((ranks) => [...ranks.values()].flat());
    const isEnded = stuck.length === 0 && asked.length === 0;
    return {
      end: isEnded ? Math.max(...this.#time) : undefined,
      problems: [
        ...this.#problems,
        ...stuck.map((text) => `stuck at ${text}`),
        ...(stuck.length === 0 ? asked.map(({ name }) => `${name} is never done`) : []),
      ],
    };
  }

  /** Takes the next cell of a rank if it can; returns whether it did. */
  #step(rank: number): boolean {
    const cell = this.#rows[rank]![this.#at[rank]!];
    if (cell === undefined) {
      return false;
    }
    const { kind, stage, microBatch } = cell;
    if (COMPUTE.includes(kind)) {
      if (!this.#compute(rank, cell)) {
        return false;
      }
    } else if (/^(?:SEND|RECV)/.test(kind)) {
      const direction = kind.slice(-1);
      const isSend = kind.startsWith("SEND");
      const to = stage + (direction === "F" ? 1 : -1) * (isSend ? 1 : -1);
      const from = isSend ? stage : to;
      const name = `${direction} ${from} ${microBatch}`;
      if (isSend && !this.#computed.has(name)) {
        this.#problems.push(`${cell.text} stands before what it sends`);
      }
      const peer = this.#rankOf.get(to) ?? -1;
      this.#queueOf(rank, peer).push({ name, time: this.#time[rank]! });
    }
    this.#at[rank]!++;
    return true;
  }

  #compute(rank: number, { kind, stage, microBatch, text }: Cell): boolean {
    const needed = this.#neighbor(stage, kind === "F" ? -1 : 1);
    const name = `${kind === "F" ? "F" : "B"} ${needed} ${microBatch}`;
    if (kind !== "W" && needed !== undefined) {
      if (this.#rankOf.get(needed) === rank) {
        if (!this.#computed.has(name)) {
          this.#problems.push(`${text} stands before its input`);
        }
      } else {
        const done = this.#done.get(name);
        if (done === undefined) {
          return false;
        }
        this.#time[rank] = Math.max(this.#time[rank]!, done);
      }
    }
    this.#time[rank]! += this.#setting.durationOf(rank, this.#ran[rank]!);
    this.#ran[rank]!++;
    this.#computed.add(`${kind === "I" ? "B" : kind} ${stage} ${microBatch}`);
    return true;
  }

  /** The stage that hands over to this one; `undefined`: it is the end of a chain. */
  #neighbor(stage: number, step: number): number | undefined {
    const other = stage + step;
    const { chainLength } = this.#setting;
    const isThere = other >= 0 && other < this.#stageCount;
    return isThere && Math.floor(other / chainLength) === Math.floor(stage / chainLength)
      ? other
      : undefined;
  }

  #queueOf(rank: number, peer: number): { name: string; time: number }[] {
    const pair = [rank, peer].sort((a, b) => a - b).join(" ");
    const ranks = this.#queues.get(pair) ?? new Map<number, { name: string; time: number }[]>();
    this.#queues.set(pair, ranks);
    const queue = ranks.get(rank) ?? [];
    ranks.set(rank, queue);
    return queue;
  }

  /** Transfers that both ranks of a pair ask for next; returns whether there were any. */
  #match(): boolean {
    let isMoving = false;
    for (const [pair, ranks] of this.#queues) {
      const [one = [], other = []] = [...ranks.values()];
      while (one[0] !== undefined && other[0] !== undefined) {
        const [a, b] = [one[0], other[0]];
        if (a.name !== b.name) {
          this.#problems.push(`ranks ${pair} ask for ${a.name} and ${b.name}`);
          return false;
        }
        const done = Math.max(a.time, b.time, this.#free.get(pair) ?? 0);
        this.#done.set(a.name, done);
        this.#free.set(pair, done);
        one.shift();
        other.shift();
        isMoving = true;
      }
    }
    return isMoving;
  }
}
