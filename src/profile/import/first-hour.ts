/** Profiles that this tool measured in a first hour with a GPU, all in one file. */
import { beginsAs, fieldSpans, listItems, spanValue } from "../../core/json-items.js";
import { fail, ok, type Result } from "../../core/result.js";
import { importMalformed } from "../../import/failures.js";
import { readingSource, type SourceFile } from "../../import/read-problem.js";
import type { GpuProfile } from "../gpu/gpu-profile.js";
import { parseGpuProfile } from "../gpu/gpu-profile-format.js";

const FORMAT = /^\s*\{\s*"format"\s*:\s*"top-compile\/first-hour"/;

/** The version of the format that is read. */
const VERSION = 1;

/** Whether a text is the results of a first hour. */
export function isFirstHour(text: string): boolean {
  return beginsAs(text) === "object" && FORMAT.test(text);
}

/**
 * The profiles of a first hour, as they were measured. Order: as in the file.
 *
 * Fails: `import-malformed`; `profile-invalid` for a profile that is none.
 */
export function readFirstHour(file: SourceFile): Result<readonly GpuProfile[]> {
  return readingSource(file, () => {
    const fields = fieldSpans(file.text);
    const version = fields.get("version");
    const span = fields.get("profiles");
    if (version === undefined || spanValue(file.text, version) !== VERSION) {
      return fail([importMalformed(file.path, "/version", `is not ${VERSION}`)]);
    }
    const profiles: GpuProfile[] = [];
    for (const item of span === undefined ? [] : listItems(file.text, span)) {
      const place = `${file.path} /profiles/${profiles.length}`;
      const profile = parseGpuProfile(JSON.stringify(item), place);
      if (!profile.ok) {
        return profile;
      }
      profiles.push(profile.value);
    }
    return ok(profiles);
  });
}
