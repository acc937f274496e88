import type { OperatorProblem } from "../../schedule/operator-problem.js";
import type { OperatorSchedule } from "../../schedule/operator-schedule.js";
import { composeSchedule } from "./waits.js";

/**
 * Rammer's Wavefront policy: breadth-first, wave by wave.
 *
 * An operator belongs to the wave given by the longest path of operators that leads to it. Waves
 * are launched one after the other; the operators of one wave do not depend on each other and go
 * to different streams, the first of each wave to stream 0, the second to stream 1, and so on.
 *
 * Example: stem; a1, b1; a2; join (a1 -> a2 -> join, b1 -> join): waves {stem} {a1 b1} {a2} {join},
 * streams 0: stem a1 a2 join, 1: b1.
 *
 * It knows no durations: a wave is as slow as its slowest operator would make the next wave, and a
 * branch may change streams from wave to wave and pay waits for it. That is why it is a baseline.
 *
 * Source: Ma et al., Rammer, OSDI 2020, section 4 (Wavefront scheduling policy). Differs: Rammer
 * splits operators into rTasks on virtual execution units; here the unit is the operator and a
 * stream takes the place of the virtual device, as in Opara's comparison. No barrier between waves:
 * only the waits that dependencies need.
 *
 * Order: inside a wave by operator id. Cost: O(V + E).
 */
export function searchWavefront({ graph }: OperatorProblem): OperatorSchedule {
  const count = graph.operators.length;
  const wave = new Int32Array(count);
  for (const { id, predecessors } of graph.operators) {
    for (const predecessor of predecessors) {
      wave[id] = Math.max(wave[id]!, wave[predecessor]! + 1);
    }
  }
  const order = Int32Array.from({ length: count }, (_, id) => id).sort(
    (a, b) => wave[a]! - wave[b]! || a - b,
  );
  const streamOf = new Int32Array(count);
  const used = new Int32Array(count);
  for (const id of order) {
    const own = wave[id]!;
    streamOf[id] = used[own]!;
    used[own] = used[own]! + 1;
  }
  return composeSchedule(graph, "wavefront", { order, streamOf });
}
