import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * The folder that keeps profiles and the built GPU helper between runs:
 * `$XDG_CACHE_HOME/top-compile`, else `$HOME/.cache/top-compile`, else a folder of this user in the
 * folder for temporary files. Empty and relative paths are ignored, so that the result never
 * depends on the current folder.
 */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const { XDG_CACHE_HOME: cache = "", HOME: home = "" } = env;
  if (isAbsolute(cache)) {
    return join(cache, "top-compile");
  }
  if (isAbsolute(home)) {
    return join(home, ".cache", "top-compile");
  }
  const temporary = isAbsolute(tmpdir()) ? tmpdir() : "/tmp";
  return join(temporary, `top-compile-${process.getuid?.() ?? "user"}`);
}

/** The part of the cache folder where profiles are kept. */
export function profileFolder(env: Readonly<Record<string, string | undefined>>): string {
  return join(cacheFolder(env), "profiles");
}
