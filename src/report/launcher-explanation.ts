/** What a `launcher` section says of load and speed, as figures. */
import type { RegimePolicy } from "../artifact/launcher-policies.js";
import type {
  ArtifactRegime,
  ArtifactServedModel,
  LauncherSection,
} from "../artifact/launcher-section.js";

/** How the requests for a model fare at one load under the policy to use; means over held-out samples. */
export interface LoadPoint {
  readonly scale: number;
  readonly ratePerSecond: number;
  readonly policy: string;
  readonly throughput: number;
  readonly goodput: number;
  readonly late: number;
  readonly shed: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  /** Requests in the system. */
  readonly backlog: number;
}

/** A model against load, beside itself and in batches. */
export interface ExplainedModel {
  readonly model: string;
  readonly loads: readonly LoadPoint[];
  /** By variant: requests per second with 1, 2, ... tasks in flight, one request each. */
  readonly concurrency: readonly {
    readonly variant: string;
    readonly perSecond: readonly number[];
  }[];
  /** By variant: requests per second of one task in flight, by batch. */
  readonly batches: readonly {
    readonly variant: string;
    readonly points: readonly { readonly batch: number; readonly perSecond: number }[];
  }[];
}

/** The figures of a section, by model. Cost: O(models x (regimes + runs)). */
export function explainLauncher({ models, regimes }: LauncherSection): readonly ExplainedModel[] {
  return models.map(({ model, variants }, at) => ({
    model,
    loads: regimes.map((regime) => loadOf(regime, at)),
    concurrency: variants.map(({ name, acceleration }) => {
      return { variant: name, perSecond: acceleration };
    }),
    batches: variants.map(batchesOf),
  }));
}

function loadOf(regime: ArtifactRegime, model: number): LoadPoint {
  const { scale, best } = regime;
  const figures = chosenPolicy(regime)?.heldOut.models[model];
  const mean = (key: keyof NonNullable<typeof figures>): number => figures?.[key].mean ?? 0;
  return {
    scale,
    ratePerSecond: regime.ratesPerSecond[model] ?? 0,
    policy: best,
    throughput: mean("throughput"),
    goodput: mean("goodput"),
    late: mean("late"),
    shed: mean("shed"),
    p50Ns: mean("p50Ns"),
    p99Ns: mean("p99Ns"),
    backlog: mean("backlog"),
  };
}

/** The policy to use in a regime; `undefined` where its name is wrong. */
export function chosenPolicy({ policies, best }: ArtifactRegime): RegimePolicy | undefined {
  return policies.find(({ name }) => name === best);
}

function batchesOf({
  name,
  runs,
}: ArtifactServedModel["variants"][number]): ExplainedModel["batches"][number] {
  const points = runs.map(({ batch, aloneNs }) => {
    return { batch, perSecond: aloneNs === 0 ? 0 : (batch * 1e9) / aloneNs };
  });
  return { variant: name, points };
}
