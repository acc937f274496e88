import { bench, describe } from "vitest";
import type { WorkerCosts } from "../../src/cost/operator-costs.js";
import { simulateWorkers } from "../../src/schedule/simulate-workers.js";
import { verifyOperatorSchedule } from "../../src/schedule/verify-operator-schedule.js";
import { foldStreams } from "../../src/search/operator/fold-streams.js";
import { pathsOf, searchNimble, shareStreams } from "../../src/search/operator/nimble.js";
import { inheritStreams, searchOpara } from "../../src/search/operator/opara.js";
import { searchSequential } from "../../src/search/operator/sequential.js";
import { searchWavefront } from "../../src/search/operator/wavefront.js";
import { searchWorkers } from "../../src/search/operator/worker-search.js";
import { costsOf, inceptionLike, nasnetLike } from "../support/graphs.js";

const workers: WorkerCosts = {
  workers: 4,
  segmentNs: 50_000,
  signalNs: 100_000,
  awakeNs: 0,
  wakeNs: 0,
  requestNs: 0,
  returnNs: 0,
  callerByteNs: 0,
  tensorNs: 3_000,
  byteNs: 0.25,
  slowdown: [1, 1.1, 1.25, 1.4],
};

const graphs = { "GoogLeNet-like": inceptionLike(9), "NASNet-like": nasnetLike(28) };

for (const [name, graph] of Object.entries(graphs)) {
  const problem = { graph, costs: costsOf(graph) };
  const wide = searchOpara(problem);
  const folded = foldStreams(problem, wide, workers.workers);
  describe(`${name}, ${graph.operators.length} operators`, () => {
    bench("sequential", () => void searchSequential(problem));
    bench("opara", () => void searchOpara(problem));
    bench("opara: streams alone", () => void inheritStreams(graph));
    bench("nimble", () => void searchNimble(problem));
    bench("nimble: streams alone", () => void shareStreams(graph, pathsOf(graph)));
    bench("wavefront", () => void searchWavefront(problem));
    bench("top-compile on 4 workers", () => void searchWorkers(problem, workers), {
      iterations: 3,
    });
    bench("fold onto 4 workers", () => void foldStreams(problem, wide, 4));
    bench("verify", () => void verifyOperatorSchedule(graph, wide));
    bench("simulate", () => void simulateWorkers(graph, folded, problem.costs, workers));
  });
}

const large = nasnetLike(2300);
const largeProblem = { graph: large, costs: costsOf(large) };
const once = { iterations: 1, warmupIterations: 0, time: 0, warmupTime: 0 };
describe(`${large.operators.length} operators`, () => {
  bench("opara", () => void searchOpara(largeProblem), once);
  bench("wavefront", () => void searchWavefront(largeProblem), once);
  bench("top-compile on 4 workers", () => void searchWorkers(largeProblem, workers), once);
  bench("verify opara", () => void verifyOperatorSchedule(large, searchOpara(largeProblem)), once);
});
