/** What came of a run's outputs, for people: those that were expected, and files. */
import { counted, formatName } from "../core/format.js";

/** The parts of a run that are about its outputs. */
export interface RanOutputs {
  /** Outputs beside those of a folder of test data. */
  readonly expected?: readonly { readonly maxAbsolute?: number }[];
  readonly saved?: {
    readonly folder: string;
    readonly files: readonly { readonly name: string; readonly file: string }[];
    /** Outputs that are no tensors. */
    readonly left: readonly string[];
  };
}

/** Lines about outputs; none where nothing was asked for. */
export function renderRunOutputs({ expected, saved }: RanOutputs): readonly string[] {
  const largest = Math.max(0, ...(expected ?? []).map(({ maxAbsolute = 0 }) => maxAbsolute));
  const near = largest === 0 ? "the same" : `within ${largest.toExponential(1)}`;
  return [
    ...(expected === undefined
      ? []
      : [`expected   ${counted(expected.length, "output")} as given, ${near}`]),
    ...(saved === undefined
      ? []
      : [
          `saved      ${counted(saved.files.length, "output")} in ${saved.folder}`,
          ...saved.files.map(({ name, file }) => `           ${file}: ${formatName(name)}`),
          ...saved.left.map(
            (name) => `           not saved: ${formatName(name)}, which is no tensor`,
          ),
        ]),
  ];
}
