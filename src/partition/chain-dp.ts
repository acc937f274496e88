import type { OrderCutter } from "./cut-order.js";
import type { FoundPartition } from "./found-partition.js";

/**
 * The best cut of several topological orders, each cut exactly: what can be had without leaving
 * the orders. Orders after the first only look for something better than what is known.
 *
 * Order: among equal periods, the first order.
 * Cost: one `cut` per order.
 */
export function chainDp(
  cutter: OrderCutter,
  orders: readonly Int32Array[],
  stages: number,
): FoundPartition | undefined {
  let best: FoundPartition | undefined;
  for (const order of orders) {
    const found = cutter.cut(order, stages, best?.periodNs);
    if (found !== undefined) {
      const stageOf = cutter.stagesOf(order, found.cuts);
      best = { partition: { stageCount: stages, stageOf }, periodNs: found.periodNs };
    }
  }
  return best;
}
