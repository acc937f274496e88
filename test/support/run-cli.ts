import { main } from "../../src/cli/main.js";

/** What a run of the command line gave. */
export interface CliRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How the streams of a run look. */
export interface CliSurroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * Runs the command line inside this process, with streams of its own; wide ones, unless told, so that
 * sentences stand in one line.
 */
export async function runCli(
  argv: readonly string[],
  { env = {}, isTTY = false, columns = 200 }: CliSurroundings = {},
): Promise<CliRun> {
  const texts = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr") => ({
    write: (text: string) => {
      texts[name] += text;
    },
    isTTY,
    columns,
  });
  const status = await main(argv, { stdout: sink("stdout"), stderr: sink("stderr"), env });
  return { status, ...texts };
}
