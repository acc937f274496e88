import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ARRIVALS_KIND } from "../../../src/arrivals/arrivals-format.js";
import { SCHEDULE_KIND } from "../../../src/artifact/artifact-format.js";
import { type DocumentKind, documentSchema } from "../../../src/core/json-document.js";
import { stableJson } from "../../../src/core/stable-json.js";
import { DEVICE_MODEL_KIND } from "../../../src/cost/device-model.js";
import { CONFIG_KIND } from "../../../src/driver/project/config-format.js";
import { LOCK_KIND } from "../../../src/driver/project/lock-format.js";
import { PLACEMENT_KIND } from "../../../src/placement/placement-format.js";
import { STAGE_PLACEMENT_KIND } from "../../../src/placement/stage-spec.js";
import { GPU_PROFILE_KIND } from "../../../src/profile/gpu/gpu-profile-format.js";
import { PROFILE_KIND } from "../../../src/profile/profile-format.js";
import { SERVING_PROFILE_KIND } from "../../../src/profile/serving/serving-profile-format.js";

const KINDS = [
  ARRIVALS_KIND,
  CONFIG_KIND,
  DEVICE_MODEL_KIND,
  GPU_PROFILE_KIND,
  LOCK_KIND,
  PLACEMENT_KIND,
  PROFILE_KIND,
  SCHEDULE_KIND,
  SERVING_PROFILE_KIND,
  STAGE_PLACEMENT_KIND,
] as readonly DocumentKind<unknown>[];

const fileOf = ({ format }: DocumentKind<unknown>): string =>
  `${format.replace("top-compile/", "")}.schema.json`;

/** `npm run test:update` writes them again. */
describe("docs/schema", () => {
  it("has a file for each kind of document, and no other", () => {
    const files = readdirSync(resolve(import.meta.dirname, "../../../docs/schema"));
    expect(files.sort()).toEqual(KINDS.map((kind) => fileOf(kind)).sort());
  });

  it.each(KINDS)("of $format is what its reader takes", async (kind) => {
    await expect(stableJson(documentSchema(kind))).toMatchFileSnapshot(
      `../../../docs/schema/${fileOf(kind)}`,
    );
  });
});
