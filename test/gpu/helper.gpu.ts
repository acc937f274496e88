/** The helper's own suite on the GPU: kernels, library calls, capture, race check, a lost device. */
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { obtainGpuHelper } from "../../src/runtime/cuda/client/obtain-helper.js";
import { describeHelperOn } from "../support/helper-suite.js";
import { ROOT } from "../support/native-helper.js";
import { GPU_SKIP_REASON, gpu } from "./device.js";

describe.skipIf(GPU_SKIP_REASON !== undefined)("helper on the GPU", () => {
  afterAll(() => gpu().close());

  describeHelperOn("the GPU", async () => {
    const helper = await obtainGpuHelper({ cacheFolder: join(ROOT, "build"), env: process.env });
    if (!helper.ok) {
      throw new Error(helper.error[0].message);
    }
    return helper.value;
  });
});
