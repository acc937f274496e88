import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  buildHelper,
  findCompiler,
  NATIVE_FOLDER,
} from "../../../../../src/runtime/cuda/client/build-helper.js";
import { libraryArguments } from "../../../../../src/runtime/cuda/client/obtain-helper.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "build-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Sources as they have to lie, of two small files. */
function sources(main: string): string {
  const native = join(folder, "native");
  mkdirSync(join(native, "src"), { recursive: true });
  mkdirSync(join(native, "third_party/nlohmann"), { recursive: true });
  writeFileSync(join(native, "third_party/nlohmann/json.hpp"), "");
  writeFileSync(join(native, "src/main.cpp"), main);
  writeFileSync(join(native, "src/other.cpp"), "");
  return native;
}

/** A compiler that writes down how it was called and makes what it was asked to. */
function compiler(body = ""): Readonly<Record<string, string>> {
  const path = join(folder, "compiler");
  const script = `#!/bin/sh
[ "$1" = --version ] && exit 0
echo "$@" >> "${folder}/calls"
${body}
while [ "$1" != -o ]; do shift; done
echo made > "$2"
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return { CXX: path, PATH: process.env["PATH"] ?? "" };
}

const calls = (): number =>
  readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n").length;

describe("building the helper", () => {
  it("compiles every file, once", async () => {
    const options = { folder: join(folder, "cache/deep"), env: compiler(), sources: sources("x") };
    let builds = 0;
    const onBuild = (): void => void builds++;
    const first = await buildHelper({ ...options, onBuild });
    expect(first).toMatchObject({ ok: true, value: { isNew: true } });
    expect(calls()).toBe(3);
    const second = await buildHelper({ ...options, onBuild });
    expect(second).toEqual({ ok: true, value: { ...(first.ok ? first.value : {}), isNew: false } });
    expect({ calls: calls(), builds }).toEqual({ calls: 3, builds: 1 });
    expect(first.ok ? readFileSync(first.value.path, "utf8") : "").toBe("made\n");
    expect(readdirSync(options.folder)).toHaveLength(1);
  });

  it("needs no compiler for what is built", async () => {
    const options = { folder, env: compiler(), sources: sources("x") };
    await buildHelper(options);
    expect(await buildHelper({ ...options, env: { CXX: "/nowhere/c++" } })).toMatchObject({
      ok: true,
      value: { isNew: false },
    });
  });

  it("runs only what is certainly the user's own, and builds anew what others may have put there", async () => {
    const options = { folder: join(folder, "cache"), env: compiler(), sources: sources("x") };
    const first = await buildHelper(options);
    const path = first.ok ? first.value.path : "";
    expect(statSync(path).mode & 0o777).toBe(0o700);
    for (const part of [dirname(path), options.folder]) {
      expect(statSync(part).mode & 0o777).toBe(0o700);
    }
    for (const part of [path, dirname(path)]) {
      writeFileSync(path, "evil");
      chmodSync(part, 0o777);
      const again = await buildHelper(options);
      expect(again).toEqual({ ok: true, value: { path, isNew: true } });
      expect(readFileSync(path, "utf8")).toBe("made\n");
    }
    writeFileSync(join(folder, "evil"), "evil");
    chmodSync(join(folder, "evil"), 0o777);
    rmSync(path);
    symlinkSync(join(folder, "evil"), path);
    expect(await buildHelper(options)).toMatchObject({ value: { isNew: true } });
    expect(readFileSync(path, "utf8")).toBe("made\n");
    chmodSync(options.folder, 0o777);
    expect(await buildHelper(options)).toMatchObject({
      error: [
        {
          code: "helper-folder-refused",
          message: expect.stringContaining("may be written to by others"),
        },
      ],
    });
  });

  it("builds anew when a source or a flag changes", async () => {
    const env = compiler();
    const cache = join(folder, "cache");
    const paths = new Set<string>();
    for (const [main, variant] of [
      ["x", "plain"],
      ["y", "plain"],
      ["y", "strict"],
      ["y", "sanitized"],
    ] as const) {
      const built = await buildHelper({ folder: cache, env, sources: sources(main), variant });
      expect(built).toMatchObject({ ok: true, value: { isNew: true } });
      paths.add(built.ok ? built.value.path : "");
    }
    expect(paths.size).toBe(4);
  });

  it("says that there is no compiler", async () => {
    const failed = await buildHelper({ folder, env: { PATH: "/nowhere" }, sources: sources("x") });
    expect(failed).toMatchObject({
      error: [
        {
          code: "helper-compiler-missing",
          message: expect.stringContaining("no C++ compiler was found (c++, g++, clang++)"),
          exit: 4,
        },
      ],
    });
    expect(await findCompiler({ CXX: "/nowhere/c++" })).toMatchObject({
      error: [{ message: expect.stringContaining("(/nowhere/c++)") }],
    });
  });

  it("tells the compiler's first error and leaves nothing", async () => {
    const env = compiler(
      'echo "In file included from"; echo "a.cpp:1: error: no such" >&2; exit 1',
    );
    const cache = join(folder, "cache");
    expect(await buildHelper({ folder: cache, env, sources: sources("x") })).toMatchObject({
      error: [
        { code: "helper-not-built", message: expect.stringContaining("a.cpp:1: error: no such") },
      ],
    });
    expect(readdirSync(cache)).toEqual([]);
  });

  it("says that its sources are missing", async () => {
    expect(await buildHelper({ folder, env: {}, sources: join(folder, "none") })).toMatchObject({
      error: [{ code: "helper-sources-missing", exit: 4 }],
    });
  });

  it("says that the folder cannot be written", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const options = { folder: join(file, "cache"), env: compiler(), sources: sources("x") };
    expect(await buildHelper(options)).toMatchObject({
      error: [{ code: "helper-folder-refused", exit: 4 }],
    });
  });

  it("finds the installed sources, which the key is made of", async () => {
    const native = join(folder, "copy");
    cpSync(NATIVE_FOLDER, native, { recursive: true });
    const env = compiler();
    const installed = await buildHelper({ folder, env });
    expect(await buildHelper({ folder, env, sources: native })).toEqual({
      ok: true,
      value: { ...(installed.ok ? installed.value : {}), isNew: false },
    });
  });
});

describe("library folders", () => {
  it("become arguments of the helper", () => {
    expect(libraryArguments({})).toEqual([]);
    expect(libraryArguments({ TOP_COMPILE_CUDA_LIBS: "/a::/b c" })).toEqual([
      "--lib-dir",
      "/a",
      "--lib-dir",
      "/b c",
    ]);
  });
});
