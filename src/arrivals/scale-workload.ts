import type { ArrivalProcess, Workload } from "./workload.js";

/** The same workload with all rates times `scale`; how long bursts and swings last stays. */
export function scaleWorkload(workload: Workload, scale: number): Workload {
  const models = workload.models.map((each) => ({ ...each, process: scaled(each.process, scale) }));
  return scale === 1 ? workload : { ...workload, models };
}

function scaled(source: ArrivalProcess, scale: number): ArrivalProcess {
  switch (source.kind) {
    case "constant":
    case "poisson":
    case "diurnal":
      return { ...source, ratePerSecond: source.ratePerSecond * scale };
    case "mmpp": {
      const states = source.states.map((state) => {
        return { ...state, ratePerSecond: state.ratePerSecond * scale };
      });
      return { kind: "mmpp", states };
    }
    case "trace":
      return { kind: "trace", gapsNs: source.gapsNs.map((gap) => gap / scale) };
  }
}
