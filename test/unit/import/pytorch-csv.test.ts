import { describe, expect, it } from "vitest";
import { actionsIn, cellOf } from "../../../src/import/pytorch/action.js";
import { importRows } from "../../../src/import/pytorch/import-rows.js";
import { readCsv } from "../../../src/import/pytorch/read-csv.js";
import { chainsOf } from "../../../src/placement/chain.js";
import { placementDifference } from "../../../src/placement/parse-placement.js";
import { buildShape } from "../../../src/placement/shapes/build-shape.js";
import { searchPipeline } from "../../../src/search/pipeline/algorithms.js";
import { csvOf, ranCells } from "../../support/pytorch-files.js";

function imported(text: string, times = {}) {
  const read = readCsv({ path: "s.csv", text });
  return read.ok ? importRows(read.value, { times }) : read;
}

/** The failures of a file, as printed. */
function failuresOf(text: string): readonly string[] {
  const found = imported(text);
  return found.ok
    ? []
    : found.error.map(({ code, where, message }) => `${code} ${where}: ${message}`);
}

/** Two stages on two ranks, one micro-batch. */
const GOOD = "0F0,0B0\n1F0,1B0\n";

describe("cells", () => {
  it.each([
    "2F0",
    "2B13",
    "0I4",
    "0W4",
    "3SEND_F1",
    "3RECV_F1",
    "3SEND_B1",
    "3RECV_B1",
    "1UNSHARD",
    "1RESHARD",
    "1REDUCE_GRAD",
    "(0F7;7B3)OVERLAP_F_B",
  ])("%s is read and written the same", (cell) => {
    const actions = actionsIn(` ${cell} `);
    expect(typeof actions === "string" ? actions : cellOf(actions)).toBe(cell);
  });

  it("are empty where nothing runs", () => {
    expect(actionsIn("  ")).toEqual([]);
  });

  it.each([
    ["0F0x", "is no action"],
    ["F0", "is no action"],
    ["0f0", "is no action"],
    ["-1F0", "is no action"],
    ["0F", "has no micro-batch"],
    ["0SEND_F", "has no micro-batch"],
    ["0UNSHARD3", "has a micro-batch, which UNSHARD has not"],
    ["5000F0", "has a stage above 4095"],
    ["0F5000", "has a micro-batch above 4095"],
    ["(0F0;1SEND_F0)OVERLAP_F_B", "has a transfer"],
    ["(0F0;1B0)", "is no action"],
    ["()OVERLAP_F_B", "is no action"],
    ["(0F0;(1B0)OVERLAP_F_B)OVERLAP_F_B", "is no action"],
  ])("%s is none: %s", (cell, problem) => {
    expect(actionsIn(cell)).toContain(problem);
  });
});

describe("what PyTorch refuses, or runs with wrong gradients", () => {
  it("is nothing of a good file", () => {
    expect(failuresOf(GOOD)).toEqual([]);
    expect(failuresOf("0F0,,0B0\r\n,1F0,1B0")).toEqual([]);
  });

  const I = "import-schedule-invalid s.csv, ";
  it.each([
    [
      "a cell",
      "0F0,0B0\n1F0,1X0\n",
      'import-malformed s.csv, line 2, column 2: "1X0" is no action',
    ],
    ["a line without cells", "0F0,0B0\n\n1F0,1B0\n", "import-malformed s.csv, line 2: is empty"],
    ["quotes without an end", '0F0,"0B0\n1F0,1B0\n', "import-malformed s.csv, line 1: ends inside"],
    ["a block twice", "0F0,0F0,0B0\n1F0,1B0\n", `${I}line 1, column 2: 0F0 is there twice`],
    [
      "a backward first",
      "0B0,0F0\n1F0,1B0\n",
      `${I}line 1, column 1: 0B0 stands before its forward`,
    ],
    ["W first", "0F0,0W0,0I0\n1F0,1B0\n", `${I}line 1, column 2: 0W0 stands before its I`],
    ["B and I", "0F0,0I0,0W0,0B0\n1F0,1B0\n", `${I}line 1, column 4: 0B0 computes a gradient`],
    ["I alone", "0F0,0I0\n1F0,1B0\n", `${I}line 1: does not run 0W0`],
    [
      "no backward of a stage",
      "0F0\n1F0,1B0\n",
      `${I}line 1: does not run the backward of stage 0`,
    ],
    [
      "a stage on two ranks",
      "0F0,0B0\n1F0,0F1,1B0\n",
      `${I}line 2, column 2: 0F1 is of a stage that`,
    ],
    ["micro-batches from 1", "0F1,0B1\n1F1,1B1\n", `${I}line 1: does not run 0F0: micro-batches`],
    ["a stage that is missing", "0F0,0B0\n2F0,2B0\n", "s.csv: has no stage 1"],
    [
      "a rank without stages",
      "0F0,1F0,1B0,0B0\n0UNSHARD\n",
      `${I}line 2, column 1: 0UNSHARD is of`,
    ],
    [
      "orders that wait for each other",
      "0F0,0F1,0B1,0B0\n1F1,1B1,1F0,1B0\n2F0,2B0,2F1,2B1\n",
      "import-schedule-stuck s.csv, line ",
    ],
  ])("%s", (_what, text, failure) => {
    expect(failuresOf(text).join("\n")).toContain(failure);
  });

  it("is said once per problem, all with their places", () => {
    const failures = failuresOf("0F0,0F0,0B0,0B0\n1F0,1B0,1B0\n");
    expect(failures.map((each) => each.match(/line \d+, column \d+/)?.[0])).toEqual([
      "line 1, column 2",
      "line 1, column 4",
      "line 2, column 3",
    ]);
  });
});

describe("transfers", () => {
  const GOOD_ROWS = ["0F0,0SEND_F0,0RECV_B0,0B0", "1RECV_F0,1F0,1B0,1SEND_B0"];

  it("are checked and left out", () => {
    const found = imported(GOOD_ROWS.join("\n"));
    expect(found.ok && found.value.whole.instances).toHaveLength(4);
    expect(found.ok && found.value.notes).toEqual([]);
  });

  it.each([
    ["no send", "0F0,0RECV_B0,0B0", GOOD_ROWS[1], "line 1: has no 0SEND_F0"],
    ["no receive", GOOD_ROWS[0], "1F0,1B0,1SEND_B0", "1F0 stands before its RECV_F"],
    ["a send too early", "0SEND_F0,0F0,0RECV_B0,0B0", GOOD_ROWS[1], "before what it sends is made"],
    [
      "a receive too late",
      GOOD_ROWS[0],
      "1F0,1RECV_F0,1B0,1SEND_B0",
      "1F0 stands before its RECV_F",
    ],
    ["a send twice", "0F0,0SEND_F0,0SEND_F0,0RECV_B0,0B0", GOOD_ROWS[1], "is there twice"],
    ["a send to nobody", "0F0,0SEND_F0,0RECV_B0,0B0,0SEND_B0", GOOD_ROWS[1], "is no transfer"],
  ])("are refused: %s", (_what, first, second, message) => {
    expect(failuresOf(`${first}\n${second}\n`).join("\n")).toContain(message);
  });

  it("within a rank are none", () => {
    const text = "0F0,1F0,1B0,0B0,0SEND_F0\n2F0,2B0\n";
    expect(failuresOf(text).join("\n")).toContain("0SEND_F0 is no transfer between ranks");
  });

  it("of losses: the order of the last stage's forwards is noted where it is not theirs", () => {
    const notes = (text: string): string => {
      const found = imported(text);
      return found.ok ? found.value.notes.join("") : found.error[0].message;
    };
    expect(notes("0F0,0F1,0B0,0B1\n1F0,1F1,1B1,1B0\n")).toBe("");
    expect(notes("0F0,0F1,0B0,0B1\n1F1,1F0,1B1,1B0\n")).toContain(
      "the last stage runs micro-batch 1 where 0 is due (s.csv, line 2, column 1)",
    );
    expect(notes("0F0,0F1\n1F1,1F0\n")).toBe("");
  });

  it("in different orders at both ends are noted", () => {
    const found = imported(
      "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n" +
        "1RECV_F1,1RECV_F0,1F0,1B0,1SEND_B0,1F1,1B1,1SEND_B1\n",
    );
    expect(found.ok && found.value.notes.join("")).toContain(
      "ranks 0 and 1 have their transfers in different orders, first 0SEND_F0 (line 1, column 2)",
    );
  });
});

/** Orders of our own algorithms, written as rows: their times are known. */
describe("schedules of shapes", () => {
  it.each([
    ["v", "1f1b", 4, 6],
    ["v", "gpipe", 3, 4],
    ["zb-h", "zb-h1", 4, 6],
    ["zb-h", "zb-h2", 4, 9],
    ["zb-v", "zb-v", 4, 8],
    ["interleaved-1f1b", "interleaved-1f1b", 4, 8],
    ["v", "top-compile", 1, 2],
  ] as const)("%s by %s come back as they were", (shape, algorithm, devices, microBatches) => {
    const times = { forward: 2, backward: 3, ...(shape.startsWith("zb") ? { weight: 4 } : {}) };
    const built = buildShape(shape, { devices, latency: 1, ...times });
    const placement = built.ok ? built.value : undefined;
    const found = searchPipeline(algorithm, placement!, microBatches);
    const { whole } = found.ok ? found.value : { whole: undefined };
    const text = csvOf(ranCells(placement!, whole!));
    const again = imported(text, { ...times, latency: 1 });
    expect(again).toMatchObject({ ok: true });
    if (again.ok) {
      expect(placementDifference(again.value.placement, placement!)).toBeUndefined();
      expect(again.value.of.microBatches).toBe(microBatches);
      expect(again.value.whole.instances.map(({ phase, ...each }) => each)).toEqual(
        whole!.instances.map(({ phase, ...each }) => each),
      );
    }
  });

  it.each([
    ["x", "chimera", 4, 4],
    ["dualpipe", "chimera", 2, 4],
  ] as const)("%s by %s come back as two chains", (shape, algorithm, devices, microBatches) => {
    const built = buildShape(shape, { devices });
    const placement = built.ok ? built.value : ({} as never);
    const found = searchPipeline(algorithm, placement, microBatches);
    const { whole } = found.ok ? found.value : ({} as never);
    const chains = chainsOf(placement)!;
    const partOf = new Map(
      chains.stages.flatMap(
        ({ forward, backward, weight }, stage) =>
          [
            [forward, `${stage}F`],
            [backward ?? -1, weight === undefined ? `${stage}B` : `${stage}I`],
            [weight ?? -2, `${stage}W`],
          ] as const,
      ),
    );
    const rows = placement.devices.map((_, device) =>
      whole.instances.flatMap(({ block, microBatch }) =>
        placement.blocks[block]!.devices.includes(device)
          ? [`${partOf.get(block)}${microBatch}`]
          : [],
      ),
    );
    const text = rows.map((row) => row.join(",")).join("\n");
    const read = readCsv({ path: "s.csv", text });
    const times = shape === "x" ? { backward: 3 } : {};
    const again = importRows(read.ok ? read.value : [], { times, chains: 2 });
    expect(chains.lengths).toEqual([devices, devices]);
    expect(again.ok && again.value.whole.makespan).toBe(whole.makespan);
    expect(again.ok && again.value.whole.instances.map(({ start }) => start).sort()).toEqual(
      whole.instances.map(({ start }) => start).sort(),
    );
    const onOwn = importRows(read.ok ? read.value : [], {
      times: {},
      chains: 2,
      placement: { placement, path: "p.json" },
    });
    expect(onOwn.ok && onOwn.value.whole.instances.map(({ start }) => start)).toEqual(
      whole.instances.map(({ start }) => start),
    );
    const asOne = importRows(read.ok ? read.value : [], { times });
    expect(asOne.ok ? "" : asOne.error[0].code).toBe("import-schedule-stuck");
  });

  it("of a number of stages that are no such chains are refused", () => {
    const read = readCsv({ path: "s.csv", text: "0F0,0B0\n1F0,1B0\n2F0,2B0\n" });
    const found = importRows(read.ok ? read.value : [], { times: {}, chains: 2 });
    expect(found.ok ? "" : found.error[0].message).toBe("has 3 stages, which are not 2 chains");
  });

  it("have no transfers between chains", () => {
    const text = "0F0,0B0\n1F0,1B0\n";
    const read = readCsv({ path: "s.csv", text: "0F0,0SEND_F0,0B0\n1F0,1B0\n" });
    const found = importRows(read.ok ? read.value : [], { times: {}, chains: 2 });
    expect(found.ok ? "" : found.error[0].message).toContain("0SEND_F0 is no transfer");
    expect(failuresOf(text)).toEqual([]);
  });

  it("take blocks as one where a placement has them as one", () => {
    const found = imported("0F0,0B0\n");
    expect(found.ok && found.value.placement.blocks.map(({ duration }) => duration)).toEqual([
      1, 2,
    ]);
    const split = imported("0F0,0F1,0B0,0I1,0W1\n", { backward: 3, weight: 5 });
    expect(
      split.ok && split.value.whole.instances.map(({ block, start }) => [block, start]),
    ).toEqual([
      [0, 0],
      [0, 1],
      [1, 2],
      [2, 5],
      [1, 10],
      [2, 13],
    ]);
  });
});

describe("a placement of one's own", () => {
  const placementOf = (shape: string, devices: number) => {
    const built = buildShape(shape, { devices });
    return { placement: built.ok ? built.value : ({} as never), path: "p.json" };
  };
  const on = (text: string, shape: string, devices: number) => {
    const read = readCsv({ path: "s.csv", text });
    return read.ok
      ? importRows(read.value, { times: {}, placement: placementOf(shape, devices) })
      : read;
  };

  it("gives durations, whatever the order of its devices", () => {
    const found = on("1F0,1B0\n0F0,0B0\n", "v", 2);
    expect(found.ok && found.value.devices).toEqual([1, 0]);
    expect(found.ok && found.value.whole.makespan).toBe(8);
  });

  it.each([
    ["another number of stages", GOOD, "v", 3, "has 3 stages, the schedule has 2"],
    [
      "stages on other devices",
      "0F0,3F0,3B0,0B0\n1F0,2F0,2B0,1B0\n",
      "interleaved-1f1b",
      2,
      "on another device",
    ],
    ["no chain", GOOD, "m", 2, "is no chain of stages"],
    [
      "other chains",
      "0F0,3F0,3B0,0B0\n1F0,2F0,2B0,1B0\n",
      "x",
      2,
      "has chains of 2 and 2 stages, the schedule of 4 (--chains)",
    ],
    [
      "whole backwards",
      "0F0,0I0,0W0\n1F0,1I0,1W0\n",
      "v",
      2,
      "has no block for the weight gradients",
    ],
    ["training", "0F0\n1F0\n", "v", 2, "has a backward of stage 0"],
    [
      "one device for two ranks",
      "0F0,0B0\n1F0,1B0\n2F0,2B0\n3F0,3B0\n",
      "interleaved-1f1b",
      2,
      "on one device",
    ],
  ] as const)("is refused: %s", (_what, text, shape, devices, message) => {
    const found = on(text, shape, devices);
    expect(found.ok ? "" : found.error[0].code).toBe("import-placement-differs");
    expect(found.ok ? "" : found.error[0].message).toContain(message);
  });

  it("is refused where the schedule takes more memory than there is", () => {
    const { placement } = placementOf("v", 1);
    const limited = { ...placement, devices: [{ name: "d0", memory: 1 }] };
    const read = readCsv({ path: "s.csv", text: "0F0,0F1,0B0,0B1\n" });
    const found = importRows(read.ok ? read.value : [], {
      times: {},
      placement: { placement: limited, path: "p.json" },
    });
    expect(found.ok ? "" : found.error[0].message).toContain(
      'takes 2 of memory on device "d0", which has 1',
    );
  });
});
