import type { ArtifactLaunch, OperatorsSection } from "./artifact.js";

/** A launch with its predicted times. */
export type TimedLaunch = ArtifactLaunch & { readonly startNs: number; readonly endNs: number };

/** The launches of a section, in launch order; `undefined` where their times are not predicted. */
export function timedLaunches({
  launches,
}: Pick<OperatorsSection, "launches">): readonly TimedLaunch[] | undefined {
  return launches.every(isTimed) ? launches : undefined;
}

function isTimed(launch: ArtifactLaunch): launch is TimedLaunch {
  return launch.startNs !== undefined && launch.endNs !== undefined;
}
