/** The objective that the partition of a model minimizes. */
export interface PartitionMeasure {
  /** Whether a stage counts as often as there are stages on its device. */
  readonly isPerDevice: boolean;
  /** Whether only the forward pass counts. */
  readonly isTraining: boolean;
}
