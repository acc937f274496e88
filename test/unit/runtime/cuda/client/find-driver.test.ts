import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { mayHaveDriver } from "../../../../../src/runtime/cuda/client/find-driver.js";

const FOLDER = mkdtempSync(join(tmpdir(), "find-driver-"));
writeFileSync(join(FOLDER, "libcuda.so.1"), "no library, but a file of its name");
afterAll(() => rmSync(FOLDER, { recursive: true }));

const PATH = process.env["PATH"];
const NOWHERE = { platform: "linux", kernelFiles: [join(FOLDER, "none")] } as const;

/** Whether the loader's own list has a driver; `undefined` where there is no such list. */
function isListed(): boolean | undefined {
  const listed = spawnSync("ldconfig", ["-p"], { encoding: "utf8" });
  return listed.status === 0 ? listed.stdout.includes("libcuda.so.1") : undefined;
}

describe("looking for NVIDIA's driver", () => {
  it("asks the loader", async ({ skip }) => {
    const listed = isListed();
    skip(listed === undefined || process.platform !== "linux", "no ldconfig");
    expect(await mayHaveDriver({ ...NOWHERE, env: { PATH } })).toBe(listed);
  });

  it("takes the kernel's side of it for a yes", async () => {
    const search = { ...NOWHERE, kernelFiles: [join(FOLDER, "libcuda.so.1")] };
    expect(await mayHaveDriver({ ...search, env: { PATH } })).toBe(true);
  });

  it.each([
    ["a named folder", { TOP_COMPILE_CUDA_LIBS: `/none:${FOLDER}` }],
    ["LD_LIBRARY_PATH, even if it cannot be loaded", { LD_LIBRARY_PATH: FOLDER }],
    ["LD_PRELOAD", { LD_PRELOAD: "/somewhere/libcuda.so" }],
  ])("finds it in %s", async (_, env) => {
    expect(await mayHaveDriver({ ...NOWHERE, env: { PATH, ...env } })).toBe(true);
  });

  it("never says no when it cannot ask", async () => {
    expect(await mayHaveDriver({ ...NOWHERE, env: { PATH: FOLDER } })).toBe(true);
    expect(await mayHaveDriver({ env: { PATH }, platform: "win32" })).toBe(true);
  });

  it("knows that there is none for macOS", async () => {
    expect(await mayHaveDriver({ env: { PATH }, platform: "darwin" })).toBe(false);
  });
});
