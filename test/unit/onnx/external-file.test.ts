import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import onnxProto from "onnx-proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Budget, MemorySource } from "../../../src/onnx/byte-source.js";
import { decodeTensor } from "../../../src/onnx/decode-tensor.js";
import { openExternal } from "../../../src/onnx/external-file.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { runCli } from "../../support/run-cli.js";

const { onnx } = onnxProto;
const MODEL = "fixtures/models/small/external-data.onnx";
const WEIGHTS = "fixtures/models/small/external-data.bin";

let root = "";
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "top-compile-external-")));
  for (const folder of ["models", "models/sub", "secret", "cache"]) {
    mkdirSync(join(root, folder));
  }
  writeFileSync(join(root, "models/own.bin"), "own");
  writeFileSync(join(root, "secret/key.bin"), "secret");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What opening gives: the real path below the root, or what is said instead. */
function opened(location: string, model = "models/m.onnx", allowExternal: string[] = []): string {
  const owner = { path: join(root, model), allowExternal };
  const found = openExternal(owner, location);
  if (found.kind === "open") {
    found.file.close();
  }
  return found.kind === "missing"
    ? found.problem
    : `${found.kind} ${found.path.replace(`${root}/`, "")}`;
}

describe("external data", () => {
  it("lie in the folder of the model, below it, or behind links that stay there", () => {
    symlinkSync("own.bin", join(root, "models/link.bin"));
    symlinkSync("../own.bin", join(root, "models/sub/up.bin"));
    expect(opened("own.bin")).toBe("open models/own.bin");
    expect(opened("link.bin")).toBe("open models/own.bin");
    expect(opened("sub/up.bin")).toBe("open models/own.bin");
    symlinkSync("models", join(root, "linked-models"));
    expect(opened("own.bin", "linked-models/m.onnx")).toBe("open models/own.bin");
  });

  it("have the length of the tensor where the model says 0 or nothing", () => {
    for (const entries of [[], [{ key: "length", value: "0" }]]) {
      const bytes = onnx.TensorProto.encode({
        name: "w",
        dims: [2],
        dataType: 6,
        dataLocation: 1,
        externalData: [{ key: "location", value: "own.bin" }, ...entries],
      }).finish();
      const source = new MemorySource(bytes, new Budget(10_000));
      expect(decodeTensor(source, { offset: 0, bytes: bytes.length }).payload).toEqual({
        kind: "external",
        location: "own.bin",
        offset: 0,
        bytes: undefined,
      });
    }
  });

  it("do not leave it, neither by name nor through a link to a file or a folder", () => {
    symlinkSync("../secret/key.bin", join(root, "models/key.bin"));
    symlinkSync("../secret", join(root, "models/folder"));
    symlinkSync("key.bin", join(root, "models/twice.bin"));
    for (const location of ["key.bin", "folder/key.bin", "twice.bin"]) {
      expect(opened(location)).toBe("outside secret/key.bin");
    }
    for (const location of ["../secret/key.bin", "sub/../../x"]) {
      expect(opened(location)).toContain("outside the folder of the model");
    }
    for (const location of [join(root, "secret/key.bin"), join(root, "models/own.bin")]) {
      expect(opened(location)).toContain("have an absolute path");
    }
    expect(opened("")).toContain("names no file");
    // A folder whose name begins like the model's is another folder.
    mkdirSync(join(root, "models-too"));
    writeFileSync(join(root, "models-too/a.bin"), "");
    symlinkSync("../models-too/a.bin", join(root, "models/a.bin"));
    expect(opened("a.bin")).toBe("outside models-too/a.bin");
  });

  it("may lie where the user allows it, file or folder", () => {
    symlinkSync("../secret/key.bin", join(root, "models/key.bin"));
    symlinkSync("secret", join(root, "alias"));
    for (const allowed of ["secret", "secret/key.bin", "alias"]) {
      expect(opened("key.bin", "models/m.onnx", [join(root, allowed)])).toBe("open secret/key.bin");
    }
    for (const other of ["cache", "nowhere", "secret/other.bin"]) {
      expect(opened("key.bin", "models/m.onnx", [join(root, other)])).toBe(
        "outside secret/key.bin",
      );
    }
  });

  it("may be blobs of the same Hugging Face cache, and of no other", () => {
    const snapshot = join(root, "cache/models--a--b/snapshots/c0ffee");
    const blobs = join(root, "cache/models--a--b/blobs");
    mkdirSync(join(snapshot, "onnx"), { recursive: true });
    mkdirSync(blobs);
    mkdirSync(join(root, "cache/models--x/blobs"), { recursive: true });
    writeFileSync(join(blobs, "abc"), "weights");
    writeFileSync(join(root, "cache/models--x/blobs/abc"), "other");
    symlinkSync("../../blobs/abc", join(snapshot, "m.onnx_data"));
    symlinkSync("../../../blobs/abc", join(snapshot, "onnx/m.onnx_data"));
    symlinkSync("../../../models--x/blobs/abc", join(snapshot, "other"));
    symlinkSync("../../../../secret/key.bin", join(snapshot, "key"));
    const blob = "open cache/models--a--b/blobs/abc";
    expect(opened("m.onnx_data", "cache/models--a--b/snapshots/c0ffee/m.onnx")).toBe(blob);
    expect(opened("m.onnx_data", "cache/models--a--b/snapshots/c0ffee/onnx/m.onnx")).toBe(blob);
    expect(opened("other", "cache/models--a--b/snapshots/c0ffee/m.onnx")).toMatch(/^outside/);
    expect(opened("key", "cache/models--a--b/snapshots/c0ffee/m.onnx")).toMatch(/^outside/);
    // Blobs that are a link themselves lead out of the cache.
    renameSync(blobs, join(root, "moved"));
    symlinkSync("../../secret", blobs);
    symlinkSync("../../blobs/key.bin", join(snapshot, "through"));
    expect(opened("through", "cache/models--a--b/snapshots/c0ffee/m.onnx")).toMatch(/^outside/);
  });

  it("are files: pipes, sockets, devices and folders are refused at once", async () => {
    expect(spawnSync("mkfifo", [join(root, "models/pipe")]).status).toBe(0);
    expect(opened("pipe")).toContain("is a pipe, not a file");
    expect(opened("sub")).toContain("is a folder, not a file");
    symlinkSync("/dev/zero", join(root, "models/zero"));
    expect(opened("zero")).toContain("is a device, not a file");
    const server = createServer().listen(join(root, "models/socket"));
    await new Promise((done) => server.once("listening", done));
    expect(opened("socket")).toContain("is a socket, not a file");
    server.close();
  });
});

describe("commands", () => {
  beforeEach(() => {
    cpSync(MODEL, join(root, "models/external-data.onnx"));
    cpSync(WEIGHTS, join(root, "secret/external-data.bin"));
  });
  const cut = (...argv: readonly string[]) =>
    runCli([
      ...["partition", join(root, "models/external-data.onnx"), "--stages", "1"],
      ...["--device", "h200", "--stage-models", join(root, "out")],
      ...argv,
    ]);

  it("copy nothing from outside of the model's folder", async () => {
    symlinkSync("../secret/external-data.bin", join(root, "models/external-data.bin"));
    const run = await cut();
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("error[external-data-outside]");
    expect(run.stderr).toContain("--allow-external PATH");
    expect(readdirSync(join(root, "out"))).toEqual([]);
    const allowed = await cut("--allow-external", "/", "--allow-external", join(root, "secret"));
    expect(allowed.status).toBe(0);
    expect(readdirSync(join(root, "out"))).toContain("external-data.s0.onnx");
  });

  it("wait for no pipe, whatever it is given for", async () => {
    const pipe = join(root, "models/external-data.bin");
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    expect((await cut()).stderr).toContain("is a pipe, not a file");
    for (const argv of [
      ["inspect", pipe],
      [pipe, "--device", "h200"],
      ["search", pipe],
      ["verify", pipe],
      ["explain", pipe],
      [MODEL, "--profile", pipe, "-o", join(root, "o.json")],
      ["inspect", "/dev/zero"],
      ["search", "/dev/zero"],
    ]) {
      const run = await runCli(argv);
      expect(run.stderr, argv.join(" ")).toMatch(/is a (?:pipe|device), not a file/);
      expect(run.status).toBe(1);
    }
  });
});

describe("readModel", () => {
  it("keeps what is allowed with the model", () => {
    const read = readModel(MODEL, ["/x"]);
    expect(read.ok && read.value.allowExternal).toEqual(["/x"]);
  });
});
