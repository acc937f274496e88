/** What the partition of a model was made small in. */
export interface PartitionMeasure {
  /** Whether a stage counts as often as there are stages on its device. */
  readonly isPerDevice: boolean;
  /** Whether only the forward pass counts. */
  readonly isTraining: boolean;
}
