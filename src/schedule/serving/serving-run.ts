/** What became of all requests. */
export interface ServingRun {
  /** By model and request: arrival, launch of its task, answer, in nanoseconds; of a refused one -1, and when it was. */
  readonly arrivalNs: readonly Float64Array[];
  readonly launchNs: readonly Float64Array[];
  readonly endNs: readonly Float64Array[];
  /** By model and request: 1 if it was refused; absent: none was. */
  readonly isRefused?: readonly Uint8Array[];
  /** By model and request: the number of its task among the model's; absent: no two are launched at one time. */
  readonly taskOf?: readonly Int32Array[];
  /** By model: tasks launched. */
  readonly launches: readonly number[];
  /** Work done: use of each resource times nanoseconds. */
  readonly doneNs: {
    readonly share: number;
    readonly arithmetic: number;
    readonly bandwidth: number;
  };
  /** Ends of stages: the unit of the simulator's throughput. */
  readonly events: number;
}
