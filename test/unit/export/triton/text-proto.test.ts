import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { message, printTextProto } from "../../../../src/export/triton/text-proto.js";
import { readTextProto } from "../../../support/text-proto.js";

describe("printTextProto", () => {
  it("prints fields, messages, lists and enumerations", () => {
    const text = printTextProto(
      message(
        ["name", 'a "b" \\ é'],
        ["size", 3],
        undefined,
        ["group", message(["kind", { enum: "KIND_CPU" }], ["global", true], ["gpus", [0, 1]])],
        ["empty", message()],
        ["none", []],
      ),
      ["One\nline."],
    );
    expect(text).toBe(`# One line.
name: "a \\"b\\" \\\\ \\303\\251"
size: 3
group {
  kind: KIND_CPU
  global: true
  gpus: [ 0, 1 ]
}
empty { }
none: [ ]
`);
  });

  it("keeps any text, and nothing in it is taken for a field", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.string(), (texts, comment) => {
        const printed = printTextProto(message(...texts.map((text) => ["name", text] as const)), [
          comment,
        ]);
        expect(readTextProto(printed)).toEqual(texts.map((text) => ["name", { text }]));
      }),
    );
  });
});
