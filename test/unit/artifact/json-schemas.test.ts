import { describe, expect, it } from "vitest";
import { SCHEDULE_KIND } from "../../../src/artifact/artifact-format.js";
import { type DocumentKind, documentSchema } from "../../../src/core/json-document.js";
import { stableJson } from "../../../src/core/stable-json.js";
import { DEVICE_MODEL_KIND } from "../../../src/cost/device-model.js";
import { PLACEMENT_KIND } from "../../../src/placement/parse-placement.js";
import { STAGE_PLACEMENT_KIND } from "../../../src/placement/stage-spec.js";
import { GPU_PROFILE_KIND } from "../../../src/profile/gpu/gpu-profile-format.js";
import { PROFILE_KIND } from "../../../src/profile/profile-format.js";

const KINDS = [
  DEVICE_MODEL_KIND,
  GPU_PROFILE_KIND,
  PLACEMENT_KIND,
  PROFILE_KIND,
  SCHEDULE_KIND,
  STAGE_PLACEMENT_KIND,
] as readonly DocumentKind<unknown>[];

/** `npm run test:update` writes them again. */
describe("docs/schema", () => {
  it.each(KINDS)("of $format is what its reader takes", async (kind) => {
    const name = kind.format.replace("top-compile/", "");
    await expect(stableJson(documentSchema(kind))).toMatchFileSnapshot(
      `../../../docs/schema/${name}.schema.json`,
    );
  });
});
