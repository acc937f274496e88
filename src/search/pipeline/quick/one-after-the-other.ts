import type { Placement } from "../../../placement/placement.js";
import type { PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import type { Repeating } from "../cyclic/repeating.js";
import type { WorkLimit } from "../work-limit.js";
import { safeListSchedules } from "./safe-list.js";

/** Comparisons of blocks in list schedules that take as long as a node. */
const COMPARED_PER_NODE = 256;

/** List schedules of one micro-batch, each repeated when it has ended; made when they are first asked for. */
export class OneAfterTheOther {
  readonly #placement: Placement;
  #alone: readonly PipelineSchedule[] | undefined;

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  /** With so many micro-batches as one period; none where nothing fits. Making them is spent of `work`. */
  repeated(copies: number, work: WorkLimit): readonly Repeating[] {
    const blocks = this.#placement.blocks.length;
    return this.#listed(work).map(({ instances, makespan }) => {
      const times = new Float64Array(blocks * copies);
      for (const { block, start } of instances) {
        for (let copy = 0; copy < copies; copy++) {
          times[copy * blocks + block] = start + copy * makespan;
        }
      }
      return { times, period: makespan * copies };
    });
  }

  #listed(work: WorkLimit): readonly PipelineSchedule[] {
    if (this.#alone === undefined) {
      this.#alone = safeListSchedules(this.#placement, 1);
      const compared = this.#alone.length * this.#placement.blocks.length ** 2;
      work.spend(Math.ceil(compared / COMPARED_PER_NODE));
    }
    return this.#alone;
  }
}
