import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cacheFolder, profileFolder } from "../../../src/cli/cache-folder.js";

const TEMPORARY = join(tmpdir(), `top-compile-${process.getuid?.() ?? "user"}`);

describe("the cache folder", () => {
  it.each([
    [{ XDG_CACHE_HOME: "/c", HOME: "/h" }, "/c/top-compile"],
    [{ XDG_CACHE_HOME: "", HOME: "/h" }, "/h/.cache/top-compile"],
    [{ XDG_CACHE_HOME: "relative", HOME: "/h" }, "/h/.cache/top-compile"],
    [{ XDG_CACHE_HOME: "relative" }, TEMPORARY],
    [{ HOME: "" }, TEMPORARY],
    [{ HOME: "." }, TEMPORARY],
    [{}, TEMPORARY],
  ])("for %o is %s", (env, folder) => {
    expect(cacheFolder(env)).toBe(folder);
    expect(profileFolder(env)).toBe(join(folder, "profiles"));
  });
});
