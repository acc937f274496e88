import { fail, ok, type Result } from "../core/result.js";
import type { OperatorGraph } from "../ir/operator-graph.js";
import { profileDoesNotFit, profileOperatorsDiffer } from "./failures.js";
import type { Profile } from "./profile.js";
import type { ProfileKey } from "./profile-key.js";

/** The parts of a key, in the order of comparison, in people's words. */
const PARTS: readonly (readonly [keyof ProfileKey, string])[] = [
  ["method", "version of the measuring method"],
  ["dims", "size of dynamic dims"],
  ["modelSha256", "model (structure or shapes)"],
  ["processor", "processor"],
  ["logicalCores", "number of cores"],
  ["architecture", "architecture"],
  ["onnxruntime", "version of ONNX Runtime"],
  ["inputs", "digest of given inputs"],
];

/** The parts that make a profile one of a model, whatever the machine: a recorded profile needs no more. */
const MODEL_PARTS: ReadonlySet<keyof ProfileKey> = new Set(["method", "dims", "modelSha256"]);

/**
 * Checks that the profile in `file` is what would be measured here and now; a failure names the
 * first difference.
 *
 * `scope` `model` leaves out the machine and takes older methods: for a profile that the user chose,
 * recorded elsewhere.
 * Fails: `profile-stale`.
 */
export function checkProfile(
  profile: Profile,
  file: string,
  key: ProfileKey,
  scope: "everything" | "model" = "everything",
): Result<void> {
  for (const [part, words] of PARTS) {
    const has = String(profile.key[part] ?? "none");
    const wanted = String(key[part] ?? "none");
    const isOlder = part === "method" && profile.key.method < key.method;
    const isCompared = scope === "everything" || (MODEL_PARTS.has(part) && !isOlder);
    if (has !== wanted && isCompared) {
      return fail([profileDoesNotFit(file, words, has, wanted)]);
    }
  }
  return ok(undefined);
}

/**
 * Checks that the profile in `file` has a time for every operator of a graph and for no other.
 *
 * Fails: `profile-stale` with the first operator that differs.
 */
export function checkOperators(profile: Profile, file: string, graph: OperatorGraph): Result<void> {
  const timed = new Set(profile.operators.map(({ name }) => name));
  const missing = graph.operators.find(({ name }) => !timed.has(name));
  if (missing !== undefined) {
    return fail([profileOperatorsDiffer(file, missing.name, true)]);
  }
  const known = new Set(graph.operators.map(({ name }) => name));
  const extra = profile.operators.find(({ name }) => !known.has(name));
  return extra === undefined
    ? ok(undefined)
    : fail([profileOperatorsDiffer(file, extra.name, false)]);
}
