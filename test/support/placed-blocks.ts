import type { Block, BlockKind, Dependency, Placement } from "../../src/placement/placement.js";

const KINDS: Readonly<Record<string, BlockKind>> = {
  f: "forward",
  b: "backward",
  w: "weight",
  o: "other",
};

/**
 * Blocks `name@device` or `name@device+device`, of the kind that the first letter says, one unit long; dependencies
 * `from>to`.
 */
export function placedBlocks(blocks: readonly string[], links: readonly string[]): Placement {
  const names = blocks.map((each) => each.split("@")[0]!);
  const used = blocks.flatMap((each) => each.split("@")[1]!.split("+").map(Number));
  return {
    timeUnit: "step",
    devices: Array.from({ length: Math.max(...used) + 1 }, (_, device) => ({
      name: `d${device}`,
      memory: undefined,
    })),
    blocks: blocks.map((each): Block => {
      const [id = "", devices = ""] = each.split("@");
      const kind = KINDS[id[0]!]!;
      const on = devices.split("+").map(Number);
      return { id, kind, devices: on, duration: 1, memory: 0, workspace: 0, operators: [] };
    }),
    dependencies: links.map((link): Dependency => {
      const [from = "", to = ""] = link.split(">");
      return { from: names.indexOf(from), to: names.indexOf(to), latency: 0 };
    }),
    memoryRelease: "end",
  };
}
