import { join } from "node:path";

/** Where profiles are kept between runs: `$XDG_CACHE_HOME/top-compile`, else `~/.cache/top-compile`. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const base = env["XDG_CACHE_HOME"];
  return join(
    base !== undefined && base !== ""
      ? base
      : join(env["HOME"] ?? env["USERPROFILE"] ?? ".", ".cache"),
    "top-compile",
  );
}
