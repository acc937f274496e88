import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, it } from "vitest";
import { converse } from "../support/converse.js";
import { BUILD_TIMEOUT_MS, helperPath, noCompiler } from "../support/native-helper.js";

const DEEP = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;

describe.skipIf(noCompiler !== undefined)(`helper without a device (${noCompiler ?? ""})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  it("says which protocol it speaks", async () => {
    const { answers, status, stderr } = await converse([
      '{"id":7,"op":"hello"}',
      '{"id":8,"op":"quit"}',
      '{"id":9,"op":"hello"}',
    ]);
    expect(answers).toEqual([
      { id: 7, ok: true, result: { protocol: 1, helper: "0.1.0" } },
      { id: 8, ok: true, result: {} },
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it.each([
    ["no JSON", "hello", null, "bad-request", ""],
    ["nothing but an opening", "{", null, "bad-request", ""],
    ["an array", "[]", null, "bad-request", ""],
    ["nesting", DEEP, null, "bad-request", ""],
    ["nesting in a field", `{"id":1,"op":"hello","x":${DEEP}}`, 1, "bad-request", ""],
    ["no id", '{"op":"hello"}', null, "bad-request", ""],
    ["an id that is text", '{"id":"1","op":"hello"}', null, "bad-request", "/id"],
    ["a negative id", '{"id":-1,"op":"hello"}', null, "bad-request", "/id"],
    ["no op", '{"id":1}', 1, "bad-request", ""],
    ["an op that is no text", '{"id":1,"op":2}', 1, "bad-request", "/op"],
    ["an unknown op", '{"id":1,"op":"fly"}', 1, "unknown-op", undefined],
    ["an unknown field", '{"id":1,"op":"hello","x":1}', 1, "bad-request", ""],
    ["a huge number", '{"id":1,"op":"open","device":1e300}', 1, "bad-request", "/device"],
    ["2^64", '{"id":1,"op":"open","device":18446744073709551616}', 1, "bad-request", "/device"],
    ["bytes that are no UTF-8", '{"id":1,"op":"\xff"}', 1, "unknown-op", undefined],
  ])("refuses %s", async (_name, line, id, code, pointer) => {
    const { answers, status } = await converse([line, '{"id":2,"op":"hello"}']);
    expect(answers).toHaveLength(2);
    expect(answers[0]).toMatchObject({ id, ok: false, error: { code, fatal: false } });
    if (pointer !== undefined) {
      expect(answers[0]).toMatchObject({ error: { details: { pointer } } });
    }
    expect(answers[1]).toMatchObject({ id: 2, ok: true });
    expect(status).toBe(0);
  });

  it("passes over empty lines and answers a last line without its end", async () => {
    const done = spawnSync(await helperPath(), [], {
      input: '\n\n{"id":1,"op":"hello"}',
      encoding: "utf8",
    });
    expect(JSON.parse(done.stdout)).toMatchObject({ id: 1, ok: true });
  });

  it("refuses a line without measure, and goes on", async () => {
    const done = spawnSync(await helperPath(), [], {
      input: `"${"x".repeat(65 << 20)}"\n{"id":1,"op":"hello"}\n`,
      encoding: "utf8",
    });
    const answers = done.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(answers).toMatchObject([
      {
        id: null,
        error: {
          code: "bad-request",
          message: expect.stringContaining("is longer than 67108864 bytes"),
        },
      },
      { id: 1, ok: true },
    ]);
  });

  it("says where it looked for the driver", async () => {
    const { answers, status } = await converse([], ["--probe"]);
    expect(status).toBe(4);
    expect(answers).toMatchObject([
      {
        ok: true,
        result: {
          driver: { found: false, tried: [{ name: "libcuda.so.1" }] },
          devices: [],
          problem: { code: "no-cuda-driver", fatal: false },
        },
      },
    ]);
  });

  it.each(["arena", "upload", "fill", "download", "program", "kernels", "run", "measure"])(
    "wants a device opened before %s",
    async (op) => {
      const fields: Record<string, object> = {
        arena: { bytes: 16 },
        upload: { items: [] },
        fill: { offset: 0, count: 1, seed: 1 },
        download: { offset: 0, bytes: 1 },
        program: { nodes: [] },
        run: { schedule: { launches: [] } },
        measure: { schedules: [], rounds: 1 },
      };
      const { answers } = await converse([JSON.stringify({ id: 1, op, ...fields[op] })]);
      expect(answers).toMatchObject([{ error: { code: "not-open" } }]);
    },
  );

  it("prints how it is used, and refuses other arguments", async () => {
    const run = async (...args: string[]): Promise<{ status: number | null; text: string }> => {
      const done = spawnSync(await helperPath(), args, { encoding: "utf8" });
      return { status: done.status, text: done.stdout + done.stderr };
    };
    expect(await run("--help")).toMatchObject({
      status: 0,
      text: expect.stringMatching(/^usage: /),
    });
    expect(await run("--version")).toEqual({
      status: 0,
      text: "top-gpu-helper 0.1.0, protocol 1\n",
    });
    expect(await run("--fly")).toMatchObject({ status: 2 });
    expect(await run("--lib-dir")).toMatchObject({ status: 2 });
  });
});
