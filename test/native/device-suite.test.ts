import { describe } from "vitest";
import { describeHelperOn } from "../support/helper-suite.js";
import { noCompiler, testHelper } from "../support/native-helper.js";

describe.skipIf(noCompiler !== undefined)(noCompiler ?? "with a compiler", () => {
  describeHelperOn("the stand-in", () => testHelper());
});
