import { basename } from "node:path";
import { sha256OfFile } from "../core/digest.js";
import type { ProvenanceInput } from "./artifact.js";

/** A file that went into an artifact. Throws what reading it throws: it has been read before. */
export function inputOf(role: ProvenanceInput["role"], path: string): ProvenanceInput {
  return { role, name: basename(path), sha256: sha256OfFile(path) };
}
