/**
 * What a recorded launcher decides, for the second simulator: written from docs/launcher.md alone, and shares no code
 * with the launchers that are trained (`schedule/serving/learned-policy.ts`).
 */
import type {
  ArtifactAdaptive,
  ArtifactKnobs,
  ArtifactLearnedModel,
} from "../artifact/adaptive-policy.js";

/** A launcher that looks at ticks. */
export type ArtifactTicked = Exclude<ArtifactAdaptive, { readonly kind: "reactive" }>;

/** A model at a tick. */
export interface SeenModel {
  /** Requests that arrived since the last tick. */
  readonly arrived: number;
  readonly waiting: number;
  /** How long the first that waits has; 0: none waits. */
  readonly headWaitNs: number;
  /** By task in flight: how much of its time alone is over, 0 to 1. */
  readonly progress: readonly number[];
}

/** What is fixed about a model. */
export interface KnownModel {
  readonly objectiveNs: number;
  readonly variants: readonly string[];
}

/** Decides at every tick; the first time before anything has come. */
export interface ReplayedLauncher {
  readonly tickNs: number;
  /** Looks at all models. */
  look(seen: readonly SeenModel[]): void;
  /** What to do after the last look. */
  choose(): readonly ArtifactKnobs[];
}

/** Weights of the newest tick in the fast and in the slow rate. */
const FAST = 0.4;
const SLOW = 0.05;

/** Running means of what arrives, by model. */
class Rates {
  fast: readonly number[];
  slow: readonly number[];
  readonly #tickNs: number;

  constructor(rates: readonly number[], tickNs: number) {
    this.fast = rates;
    this.slow = rates;
    this.#tickNs = tickNs;
  }

  look(seen: readonly SeenModel[]): void {
    const now = seen.map(({ arrived }) => (arrived * 1e9) / this.#tickNs);
    this.fast = this.fast.map((old, at) => FAST * now[at]! + (1 - FAST) * old);
    this.slow = this.slow.map((old, at) => SLOW * now[at]! + (1 - SLOW) * old);
  }
}

/** A recorded launcher at its start. Requires: parameters of the right number. */
export function replayedLauncher(
  adaptive: ArtifactTicked,
  known: readonly KnownModel[],
): ReplayedLauncher {
  const { tickNs } = adaptive;
  const first =
    adaptive.kind === "regimes"
      ? (adaptive.rows[0]?.ratesPerSecond ?? [])
      : adaptive.models.map(({ ratePerSecond }) => ratePerSecond);
  const rates = new Rates(first, tickNs);
  const choose = adaptive.kind === "regimes" ? tableOf(adaptive) : networksOf(adaptive, known);
  let last: readonly SeenModel[] | undefined;
  return {
    tickNs,
    look: (seen) => {
      if (last !== undefined) {
        rates.look(seen);
      }
      last = seen;
    },
    choose: () => choose(last ?? [], rates),
  };
}

type Choice = (seen: readonly SeenModel[], rates: Rates) => readonly ArtifactKnobs[];

/** The row whose rates differ least; of several the first. */
function tableOf({ rows }: Extract<ArtifactAdaptive, { readonly kind: "regimes" }>): Choice {
  return (_, { slow }) => {
    const distances = rows.map(({ ratesPerSecond }) => {
      const parts = ratesPerSecond.map((rate, at) => {
        const sum = rate + slow[at]!;
        return sum === 0 ? 0 : ((rate - slow[at]!) / sum) ** 2;
      });
      return parts.reduce((all, each) => all + each, 0);
    });
    return rows[distances.indexOf(Math.min(...distances))]!.models;
  };
}

type Networks = Extract<ArtifactAdaptive, { readonly kind: "learned" }>;

function networksOf(
  { models, hidden, launcher, scheduler }: Networks,
  known: readonly KnownModel[],
): Choice {
  const launches = networkOf(parametersOf(launcher), { ...NETWORKS.launcher, hidden });
  const variants = networkOf(parametersOf(scheduler), { ...NETWORKS.scheduler, hidden });
  const shortest = Math.min(...known.map(({ objectiveNs }) => objectiveNs));
  return (seen, { fast, slow }) => {
    const facts = models.map((model, at) => {
      const { objectiveNs } = known[at]!;
      const common = commonFeatures(model, seen[at]!, { fast: fast[at]!, objectiveNs, shortest });
      return { model, objectiveNs, common, state: seen[at]!, slow: slow[at]! };
    });
    const steps = launches(
      facts.map(({ model, objectiveNs, common, state, slow: rate }) => [
        ...common,
        atMostTwo(state.headWaitNs / objectiveNs),
        rate / (rate + model.ratePerSecond) - 0.5,
      ]),
    );
    const switches = variants(
      facts.map(({ model, common, state }) => [...common, ...quartersOf(model, state)]),
    );
    return models.map((model, at) =>
      chosen(model, known[at]!, [...steps[at]!.map(stepOf), ...switches[at]!.map(stepOf)]),
    );
  };
}

function atMostTwo(ratio: number): number {
  return Math.min(2, ratio);
}

function commonFeatures(
  { ratePerSecond, aloneNs, shareNs, batches, concurrencies, start }: ArtifactLearnedModel,
  { waiting, progress }: SeenModel,
  {
    fast,
    objectiveNs,
    shortest,
  }: { readonly fast: number; readonly objectiveNs: number; readonly shortest: number },
): readonly number[] {
  return [
    waiting / (waiting + batches[start.batch]!),
    atMostTwo(progress.length / concurrencies[start.concurrency]!),
    fast / (fast + ratePerSecond) - 0.5,
    aloneNs / objectiveNs,
    (ratePerSecond * shareNs) / 1e9,
    shortest / objectiveNs,
  ];
}

/** Tasks in flight in each quarter of their time, over the concurrency at the start. */
function quartersOf(
  { concurrencies, start }: ArtifactLearnedModel,
  { progress }: SeenModel,
): readonly number[] {
  const quarters = progress.map((share) => Math.min(3, Math.floor(4 * share + 1e-6)));
  return [0, 1, 2, 3].map((quarter) =>
    atMostTwo(
      quarters.filter((each) => each === quarter).length / concurrencies[start.concurrency]!,
    ),
  );
}

function stepOf(answer: number): number {
  return answer / (1 + Math.abs(answer));
}

function chosen(
  { ratePerSecond, periodShares, batches, concurrencies, start }: ArtifactLearnedModel,
  { variants }: KnownModel,
  [period, batch, concurrency, variant]: readonly number[],
): ArtifactKnobs {
  const level = <T>(levels: readonly T[], from: number, step: number | undefined): T => {
    const to = from + Math.round((step ?? 0) * levels.length);
    return levels[Math.max(0, Math.min(levels.length - 1, to))]!;
  };
  const most = level(batches, start.batch, batch);
  const share = level(periodShares, start.period, period);
  return {
    variant: level(variants, start.variant, variant),
    batch: most,
    concurrency: level(concurrencies, start.concurrency, concurrency),
    periodNs: Math.round((share * most * 1e9) / ratePerSecond),
  };
}

/** Numbers from their text. */
function parametersOf(base64: string): readonly number[] {
  const bytes = Buffer.from(base64, "base64");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 2 }, (_, at) => view.getInt16(2 * at, true) / 4096);
}

/** Sizes of a network with one hidden layer. */
interface Sizes {
  readonly features: number;
  readonly outputs: number;
  readonly hidden: number;
}

/** Numbers that the networks see of a model, and that they answer for it. */
const NETWORKS = {
  launcher: { features: 8, outputs: 3 },
  scheduler: { features: 10, outputs: 1 },
} as const;

/** The parameters of the network of an agent. */
export function parametersNeeded(agent: keyof typeof NETWORKS, hidden: number): number {
  const { features, outputs } = NETWORKS[agent];
  return (3 * features + 1) * hidden + (features + hidden + 1) * outputs;
}

/** Sums and products in the order of docs/launcher.md, on which their last bits depend. */
function networkOf(
  parameters: readonly number[],
  { features, outputs, hidden }: Sizes,
): (rows: readonly (readonly number[])[]) => readonly (readonly number[])[] {
  const first = 3 * features * hidden;
  const read = first + hidden;
  const last = read + (features + hidden) * outputs;
  const [matrix, added] = [parameters.slice(0, first), parameters.slice(first, read)];
  const [answers, addedLast] = [parameters.slice(read, last), parameters.slice(last)];
  return (rows) =>
    rows.map((own, at) => {
      const others = rows.filter((_, other) => other !== at);
      const input = [...own, ...meanOf(others, features)];
      const layer = times(input, matrix, added).map((sum) => Math.max(0, sum));
      return times([...own, ...layer], answers, addedLast);
    });
}

/** The mean of rows, one after the other; without rows zeros. */
function meanOf(rows: readonly (readonly number[])[], features: number): readonly number[] {
  const sums = rows.reduce<readonly number[]>(
    (sum, row) => sum.map((each, i) => each + row[i]!),
    new Array<number>(features).fill(0),
  );
  return sums.map((each) => each / Math.max(1, rows.length));
}

/** What is added, and then a row times the rows of a matrix, one after the other. */
function times(
  row: readonly number[],
  matrix: readonly number[],
  added: readonly number[],
): readonly number[] {
  return added.map((start, column) =>
    row.reduce((sum, each, i) => sum + each * matrix[i * added.length + column]!, start),
  );
}
