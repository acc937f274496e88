/** The package as a library: what the commands of the same names do, for programs. */

import type { ScheduleArtifact } from "../artifact/artifact.js";
import { parseArtifact } from "../artifact/artifact-format.js";
import { readArtifact as readArtifactFile } from "../artifact/read-artifact.js";
import type { ArtifactStage } from "../artifact/stages-section.js";
import { COMPILE, type CompileOptions as CompileCommand } from "../cli/commands/compile-options.js";
import { EXPORT, type ExportOptions as ExportCommand } from "../cli/commands/export.js";
import { PARTITION, type PartitionOptions as PartitionCommand } from "../cli/commands/partition.js";
import { SEARCH, type SearchOptions as SearchCommand } from "../cli/commands/search-options.js";
import { VERIFY, type VerifyOptions as VerifyCommand } from "../cli/commands/verify.js";
import type { AnyOptionTable } from "../cli/options/option-spec.js";
import type { Result } from "../core/result.js";
import type { Json } from "../core/stable-json.js";
import { type Calling, callCommand } from "./call-command.js";
import type { Options } from "./options.js";

/** A schedule: what `compile` and `search` return. */
export type { ScheduleArtifact } from "../artifact/artifact.js";
/** Why a call failed. */
export type { Failure, Failures } from "../core/failure.js";
/** What a call returns: a value or failures. */
export type { Result } from "../core/result.js";
/** The second argument of every call. */
export type { Calling } from "./call-command.js";

/** A model, and how to compile it: the options of the command `compile`. */
export interface CompileRequest extends Options<CompileCommand> {
  /** The file of the model. */
  readonly model: string;
  /** Files and folders outside the model's where its external data may lie. */
  readonly allowExternal?: readonly string[] | undefined;
}

/** A placement or a named shape, and how to search: the options of the command `search`. */
export interface SearchRequest extends Options<SearchCommand> {
  /** The file of a placement; absent: `shape` names one. */
  readonly placement?: string | undefined;
}

/** A model, and how to cut it: the options of the command `partition`. */
export interface PartitionRequest extends Options<PartitionCommand> {
  /** The file of the model. */
  readonly model: string;
  /** Files and folders outside the model's where its external data may lie. */
  readonly allowExternal?: readonly string[] | undefined;
}

/** A schedule, and what it is verified against. */
export interface VerifyRequest extends Options<VerifyCommand> {
  /** The file of the schedule. */
  readonly schedule: string;
  /** Files and folders outside the model's where its external data may lie. */
  readonly allowExternal?: readonly string[] | undefined;
}

/** A schedule, and the format to export it to. */
export interface ExportRequest extends Options<ExportCommand> {
  /** The file of the schedule. */
  readonly schedule: string;
  /** Files and folders outside the model's where its external data may lie. */
  readonly allowExternal?: readonly string[] | undefined;
}

/** A schedule in the format of another tool. */
export interface ExportedSchedule {
  readonly format: string;
  /** The main one first: where it was written, or what is in it. */
  readonly files: readonly (
    | { readonly path: string }
    | { readonly name: string; readonly text: string }
    | { readonly name: string; readonly base64: string }
  )[];
  /** How the files are loaded, and what of the schedule they do not say. */
  readonly notes: readonly string[];
}

/** A model that was cut. */
export interface Partitioned {
  /** Of the cut that was chosen; absent where the stages were given by hand, as what follows. */
  readonly method?: string;
  readonly periodNs?: number;
  readonly lowerBoundNs?: number;
  readonly status?: string;
  readonly candidates?: readonly { readonly method: string; readonly periodNs: number }[];
  readonly stages: readonly ArtifactStage[];
  /** The document `top-compile/placement`. */
  readonly placement: Json;
}

/** What was found right. */
export interface Verified {
  readonly valid: true;
  /** Of the schedule of one device: operators, streams, and waits between them. */
  readonly operators?: number;
  readonly streams?: number;
  readonly waits?: number;
  /** Of a pipeline: block instances, micro-batches, period, stages of a model. */
  readonly instances?: number;
  readonly microBatches?: number;
  readonly period?: number;
  readonly stages?: number;
  /** What could not be checked. */
  readonly notes?: readonly string[];
}

/**
 * Compiles a model and returns its schedule, which is written only to `out`.
 *
 * Fails: as the command `compile` does, with a failure for each reason; never rejects for what a
 * caller can cause.
 */
export async function compile(
  { model, ...options }: CompileRequest,
  calling: Calling = {},
): Promise<Result<ScheduleArtifact>> {
  const command = { words: ["compile", model], table: COMPILE as AnyOptionTable, options };
  return artifactOf(await callCommand(command, calling));
}

/** Searches the schedule of a placement, which is written only to `out`. Fails: as the command `search`. */
export async function search(
  { placement, ...options }: SearchRequest,
  calling: Calling = {},
): Promise<Result<ScheduleArtifact>> {
  const words = ["search", ...(placement === undefined ? [] : [placement])];
  const command = { words, table: SEARCH as AnyOptionTable, options };
  return artifactOf(await callCommand(command, calling));
}

/** Cuts a model into stages; the placement is written only to `out`. Fails: as the command `partition`. */
export async function partition(
  { model, ...options }: PartitionRequest,
  calling: Calling = {},
): Promise<Result<Partitioned>> {
  const command = { words: ["partition", model], table: PARTITION as AnyOptionTable, options };
  return documentOf<Partitioned>(await callCommand(command, calling));
}

/** Checks a schedule independently of what made it. Fails: as the command `verify`. */
export async function verify(
  { schedule, ...options }: VerifyRequest,
  calling: Calling = {},
): Promise<Result<Verified>> {
  const command = { words: ["verify", schedule], table: VERIFY as AnyOptionTable, options };
  return documentOf<Verified>(await callCommand(command, calling));
}

/**
 * Exports a schedule once it is verified; files are written only to `out`, which formats with weights need.
 *
 * Fails: as the command `export`.
 */
export async function exportArtifact(
  { schedule, ...options }: ExportRequest,
  calling: Calling = {},
): Promise<Result<ExportedSchedule>> {
  const command = { words: ["export", schedule], table: EXPORT as AnyOptionTable, options };
  return documentOf<ExportedSchedule>(await callCommand(command, calling));
}

/** Reads and checks the form of a schedule. Fails: `file-unreadable`, `schedule-invalid` and the like. */
export function readArtifact(file: string): Result<ScheduleArtifact> {
  return readArtifactFile(file);
}

function artifactOf(printed: Result<string>): Result<ScheduleArtifact> {
  return printed.ok ? parseArtifact(printed.value, "") : printed;
}

/** What a command printed as JSON, whose form the command declares. */
function documentOf<T>(printed: Result<string>): Result<T> {
  return printed.ok ? { ok: true, value: JSON.parse(printed.value) as T } : printed;
}
