/** What an export is: from a verified schedule to files for another tool. */
import type { ScheduleArtifact } from "../artifact/artifact.js";
import type { PipelineSection } from "../artifact/pipeline-section.js";
import type { Result } from "../core/result.js";
import type { FileContent } from "../core/write-files.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { StagePartition } from "../partition/stage-partition.js";
import type { Placement } from "../placement/placement.js";
import type { MeasuredBlock } from "./measured-run.js";

/** The sections of an artifact that are schedules. */
export type ScheduleKind = "operators" | "pipeline" | "launcher";

/** A file for another tool. */
export type ExportFile = FileContent & {
  /** Relative to the folder of the output, with `/` between its parts. */
  readonly name: string;
  /** How files of this kind begin: they may be overwritten; absent: see `FileToWrite`. */
  readonly mark?: RegExp;
  /** Whether one that is there stays as it is, as it is for the user to change. */
  readonly isKept?: boolean;
};

/** What an export gives. */
export interface Exported {
  /** The main one first. */
  readonly files: readonly ExportFile[];
  /** For the user, a line each: what is lost, and how the files are loaded. */
  readonly notes: readonly string[];
  /** Removes what files are written from, once they are; absent: nothing. Never throws. */
  readonly release?: () => void;
}

/** The model of a pipeline, cut into its stages. */
export interface ExportedStages {
  readonly lowered: LoweredModel;
  readonly partition: StagePartition;
  /** By stage: position of its block in the placement. */
  readonly blockOf: readonly number[];
}

/** Choices of the user that only some formats have. */
export interface ExportOptions {
  /** `pytorch`: leave the transfers to PyTorch. */
  readonly computeOnly: boolean;
  /** `chrome-trace`: blocks as they were measured; absent: nothing was. */
  readonly measured?: readonly MeasuredBlock[] | undefined;
}

/** A pipeline with its placement. */
export interface ExportedPipeline {
  readonly section: PipelineSection;
  readonly placement: Placement;
  /** Absent: its blocks are no stages of a model, or the model is not there. */
  readonly stages?: ExportedStages | undefined;
}

/** A verified schedule to export. */
export interface ExportSubject {
  /** The file of the schedule, for failures. */
  readonly file: string;
  readonly artifact: ScheduleArtifact;
  /** Present exactly where the artifact has a `pipeline` section. */
  readonly pipeline?: ExportedPipeline;
  /** Name of the main file, or of the folder, of the output, without the folders above. */
  readonly name: string;
  readonly options: ExportOptions;
  /** Loads the model of the schedule, as it was lowered then. */
  readonly loadModel: () => Promise<Result<LoweredModel>>;
  /** Loads a model of the policies by its position, for a batch. */
  readonly loadServed: (model: number, batch: number) => Promise<Result<LoweredModel>>;
}

/** Makes the files of one format. */
export type Exporter = (subject: ExportSubject) => Result<Exported> | Promise<Result<Exported>>;

/** A format, with what makes it loaded only when it is asked for. */
export interface ExportFormat {
  readonly name: string;
  /** One phrase for the help. */
  readonly summary: string;
  /** What it takes: schedules with one of these sections. */
  readonly takes: readonly ScheduleKind[];
  /** The end of the name of the output, such as `.csv`. */
  readonly ending: string;
  /** Whether the output is a folder of files; else a file, with others beside it. */
  readonly isFolder: boolean;
  readonly load: () => Promise<Exporter>;
}
