import type { ExportFile } from "../export-format.js";

const FIRST_LINE = "# Made by top-compile export.";

/** The configuration of a model, with a first line by which a later export knows it. */
export function configFile(folder: string, text: string): ExportFile {
  const name = `${folder}/config.pbtxt`;
  return { name, content: `${FIRST_LINE}\n${text}`, mark: /^# Made by top-compile export\./ };
}
