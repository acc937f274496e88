/** What a command may touch of the process: `process` itself fits, and so do a test's own streams. */
export interface CliIo {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called before work that may take long without ever waiting. */
  readonly beforeLongWork?: () => void;
}

/** Where text goes. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  /**
   * Waits until everything is written. Gives the error that prevented it, `undefined` when there was
   * none: that whoever reads has left is none.
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
