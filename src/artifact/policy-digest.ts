/**
 * The digest of a policy that changes: of what was learned, together with the figures that came of it. Most of what is learned
 * is never asked for on the samples that are simulated again, so nothing else would show that it is not what these figures
 * are of. It shows every change that was not meant; whoever means one can make a new digest.
 */
import { sha256 } from "../core/digest.js";
import type { RegimePolicy } from "./launcher-policies.js";

/** What is digested. */
export type DigestedPolicy = Pick<
  RegimePolicy,
  "name" | "inFlight" | "models" | "adaptive" | "validation" | "heldOut"
>;

/**
 * SHA-256, in hexadecimal digits, of the JSON text without spaces of the policy's `adaptive`, `heldOut`, `inFlight`, `models`,
 * `name` and `validation`, with the keys of every object in the order of their code units. Cost: O(text).
 */
export function policyDigest(policy: DigestedPolicy): string {
  const { adaptive, heldOut, inFlight, models, name, validation } = policy;
  return sha256(canonicalJson({ adaptive, heldOut, inFlight, models, name, validation }));
}

/** JSON text that does not depend on the order in which keys were written. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonicalJson).join(",")}]`;
  }
  if (typeof value !== "object" || value === null) {
    return JSON.stringify(value);
  }
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${fields.join(",")}}`;
}
