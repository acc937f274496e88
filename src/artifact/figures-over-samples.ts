import { sixDigits } from "../core/six-digits.js";
import { intervalOf } from "../core/statistics.js";
import type { ArtifactInterval, ModelFigures, SampleFigures } from "./launcher-policies.js";

/** Figures over recorded samples: of the cost, and of each model. */
export interface FiguresOver {
  readonly cost: ArtifactInterval;
  readonly models: readonly ModelFigures<ArtifactInterval>[];
}

/** Means with intervals over samples. Requires: samples, all with the same models. */
export function figuresOver(samples: readonly SampleFigures[]): FiguresOver {
  const over = (figure: (sample: SampleFigures) => number): ArtifactInterval => {
    const { mean, half } = intervalOf(samples.map(figure));
    return { mean: sixDigits(mean), half: sixDigits(half) };
  };
  return {
    cost: over(({ cost }) => cost),
    models: (samples[0]?.models ?? []).map((_, model) => {
      const of = (key: keyof ModelFigures<number>): ArtifactInterval =>
        over(({ models }) => models[model]?.[key] ?? 0);
      return {
        throughput: of("throughput"),
        goodput: of("goodput"),
        late: of("late"),
        shed: of("shed"),
        p50Ns: of("p50Ns"),
        p99Ns: of("p99Ns"),
        batch: of("batch"),
        backlog: of("backlog"),
        slope: of("slope"),
      };
    }),
  };
}
