/**
 * The parts of the process that a command may use: `process` itself fits, and so do the streams of
 * a test.
 */
export interface CliIo {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether results are written only where `--out` says so; absent: also to the usual places. */
  readonly writesOnlyTo?: "out";
  /** Called before work that may take long without ever waiting. */
  readonly beforeLongWork?: () => void;
}

/** A destination of text. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  /**
   * Waits until everything is written. Returns the error that prevented it, if any; a reader that
   * closed the stream early is not an error.
   */
  finished?(): Promise<unknown>;
}

/** Options that every command takes. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color?: boolean;
  /** Files and folders where external data of models may lie, of commands that read models. */
  readonly allowExternal?: readonly string[];
  /** Columns of tables and charts. */
  readonly width?: number;
}
