/** What serving a model on a CPU takes: measured service times, alone and with all sessions busy. */
import type { ServiceRecord } from "../../schedule/serving/service-record.js";
import type { ProfileDevice } from "../profile.js";
import type { ProfileKey } from "../profile-key.js";

/** The same tasks while several sessions are busy with them all the time. */
export interface BusySessions {
  readonly sessions: number;
  /** Mean time from one task of a session to the next. */
  readonly meanNs: number;
}

/** Tasks of one batch size in sessions of so many threads. */
export interface ServingTiming {
  /** Threads inside an operator. */
  readonly threads: number;
  readonly batch: number;
  /** Tasks that were timed alone. */
  readonly samples: number;
  /** Mean time from one task to the next in one busy session, without what disturbed a part of the run. */
  readonly meanNs: number;
  /** From 2 sessions on. */
  readonly busy: readonly BusySessions[];
  /** What tasks take while requests come at random times, for 1 session and each number of `busy`. */
  readonly records: readonly ServiceRecord[];
}

/** What a serving profile depends on: as a profile, and the batch sizes that were asked for. */
export interface ServingKey extends ProfileKey {
  readonly batches: readonly number[];
}

/** A measured model. */
export interface ServingProfile {
  readonly key: ServingKey;
  /** Base name of the model's file. */
  readonly model: string;
  readonly device: ProfileDevice & { readonly memoryBytes: number };
  /** Batch sizes that the model has, ascending from 1, with the bytes of a session of each. */
  readonly batches: readonly { readonly batch: number; readonly sessionBytes: number }[];
  /** By threads, then by batch. */
  readonly timings: readonly ServingTiming[];
}
