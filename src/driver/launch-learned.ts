/** Launchers that are learned for `launch`, beside the policies that stay the same. */
import type { FoundRegime } from "../artifact/launcher-section-of.js";
import { ok, type Result } from "../core/result.js";
import { learnBeside } from "../launcher/marl/learn-beside.js";
import type { LearnedName } from "../launcher/marl/learn-launchers.js";
import type { CurvePoint } from "../launcher/marl/training.js";
import { withLearned } from "../launcher/with-learned.js";
import type { DriverContext } from "./context.js";
import type { Launched } from "./launch.js";

/**
 * The same with launchers that are learned from `static` in `steps` steps, for every regime; none where `steps` is 0.
 *
 * Fails: as `context.compute` does.
 */
export async function withLearnedLaunchers(
  launched: Launched,
  steps: number,
  context: DriverContext,
): Promise<Result<Launched>> {
  if (steps === 0) {
    return ok(launched);
  }
  const regimes: FoundRegime[] = [];
  for (const [at, regime] of launched.regimes.entries()) {
    const whole = await learned(launched, regime, { steps, at }, context);
    if (!whole.ok) {
      return whole;
    }
    regimes.push(whole.value);
  }
  return ok({ ...launched, regimes });
}

async function learned(
  { seed, samples, regimes }: Launched,
  regime: FoundRegime,
  { steps, at }: { readonly steps: number; readonly at: number },
  context: DriverContext,
): Promise<Result<FoundRegime>> {
  const { comparison, scale } = regime;
  const start = comparison.policies.find(({ name }) => name === "static");
  const may = await context.compute(() => ok(start));
  if (!may.ok || may.value === undefined) {
    return may.ok ? ok(regime) : may;
  }
  const onTrial = (name: LearnedName, { step, cost }: CurvePoint, total: number): void => {
    const where = regimes.length === 1 ? "" : ` at ${scale} times the rates`;
    const tenths = Math.floor((10 * step) / total);
    const label = `learning ${name}${where}, ${10 * tenths} %: cost ${cost.toPrecision(4)}`;
    context.onProgress({
      phase: "launchers",
      part: `${scale} ${name} ${tenths}`,
      done: at * total + step,
      total: regimes.length * total,
      label,
    });
  };
  const { job } = comparison;
  const launchers = await learnBeside(job, may.value.policy, { seed, steps, onTrial });
  return context.compute(() =>
    ok({ ...regime, comparison: withLearned(comparison, launchers, { seed, samples }) }),
  );
}
