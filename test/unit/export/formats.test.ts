import { describe, expect, it } from "vitest";
import { exportChromeTrace } from "../../../src/export/chrome-trace.js";
import { exportCsv } from "../../../src/export/csv.js";
import { exportDot } from "../../../src/export/dot.js";
import { EXPORT_FORMATS, exportFormat } from "../../../src/export/format-table.js";
import { exportPlacement } from "../../../src/export/placement.js";
import { exportSvg } from "../../../src/export/svg-timeline.js";
import { parsePlacement } from "../../../src/placement/parse-placement.js";
import { buildShape } from "../../../src/placement/shapes/build-shape.js";
import { ARTIFACT, SECTION } from "../../support/artifacts.js";
import { exportedBy, serialSubject, subjectOf } from "../../support/export-subjects.js";
import { readCsv } from "../../support/read-csv.js";
import { brokenTraceRules, type ReadEvent } from "../../support/trace-rules.js";

/** A pipeline of two stages on two devices, one after the other; the second is tensor-parallel. */
const TWO = parsePlacement(`{
  "format": "top-compile/placement", "version": 1, "timeUnit": "step",
  "devices": [{ "name": "a" }, { "name": "b" }],
  "blocks": [
    { "id": "f", "kind": "forward", "devices": ["a"], "duration": 2, "memory": 3 },
    { "id": "g", "kind": "backward", "devices": ["b"], "duration": 1 },
    { "id": "h", "kind": "weight", "devices": ["a", "b"], "duration": 1, "memory": 0 }
  ],
  "dependencies": [{ "from": "f", "to": "g", "latency": 1 }, { "from": "g", "to": "h" }]
}`);
const SERIAL = serialSubject(TWO.ok ? TWO.value : undefined!, 2);

const untimed = {
  ...ARTIFACT,
  operators: {
    ...SECTION,
    launches: SECTION.launches.map(({ startNs: _, endNs: __, ...launch }) => launch),
  },
};

const eventsOf = (text: string): readonly ReadEvent[] => JSON.parse(text).traceEvents;

describe("formats of exports", () => {
  it("have names and endings of their own", () => {
    expect(new Set(EXPORT_FORMATS.map(({ name }) => name)).size).toBe(EXPORT_FORMATS.length);
    expect(new Set(EXPORT_FORMATS.map(({ ending }) => ending)).size).toBe(EXPORT_FORMATS.length);
    expect(exportFormat("csv")?.ending).toBe(".csv");
    expect(exportFormat("xls")).toBe(undefined);
  });

  it("begin their files so that their own are known again", async () => {
    const files = [
      await exportedBy(exportCsv, subjectOf(ARTIFACT)),
      await exportedBy(exportCsv, SERIAL),
      await exportedBy(exportChromeTrace, SERIAL),
      await exportedBy(exportSvg, SERIAL),
      await exportedBy(exportDot, SERIAL),
    ];
    for (const {
      files: [file],
      text,
    } of files) {
      expect(text.slice(0, 200)).toMatch(file?.mark ?? /never given/);
    }
  });
});

describe("csv", () => {
  it("has a row for each launch, with what it waits for by position", async () => {
    const { text } = await exportedBy(exportCsv, subjectOf(ARTIFACT));
    expect(text).toBe(`position,operator,stream,waits,record,startNs,endNs,aloneNs
0,a,0,,true,0,1000000,
1,b,0,,false,1000000,5000000,
2,c,1,0,true,1200000,4000000,
3,d,0,2,false,5000000,6000000,
`);
  });

  it("has no times where nothing is predicted", async () => {
    const { text } = await exportedBy(exportCsv, subjectOf(untimed));
    expect(readCsv(text)[1]).toEqual(["0", "a", "0", "", "true", "", "", ""]);
  });

  it("has a row for each device of a block instance", async () => {
    const { text } = await exportedBy(exportCsv, SERIAL);
    expect(text).toBe(`block,kind,device,microBatch,startSteps,endSteps,phase
f,forward,a,0,0,2,repetend
g,backward,b,0,3,4,repetend
h,weight,a,0,4,5,repetend
h,weight,b,0,4,5,repetend
f,forward,a,1,5,7,repetend
g,backward,b,1,8,9,repetend
h,weight,a,1,9,10,repetend
h,weight,b,1,9,10,repetend
`);
  });

  it("quotes names with commas, quotes and line ends", async () => {
    const operator = 'a,"b"\nc';
    const launches = [{ ...SECTION.launches[0]!, operator }];
    const { text } = await exportedBy(
      exportCsv,
      subjectOf({ ...ARTIFACT, operators: { ...SECTION, launches } }),
    );
    expect(text).toContain('\n0,"a,""b""\nc",0,');
    expect(readCsv(text)[1]?.[1]).toBe(operator);
  });
});

describe("chrome-trace", () => {
  it("shows streams as threads, and waits as arrows that leave in the last nanosecond", async () => {
    const { text } = await exportedBy(exportChromeTrace, subjectOf(ARTIFACT));
    const events = eventsOf(text);
    expect(brokenTraceRules(events)).toEqual([]);
    const slices = events.filter(({ ph }) => ph === "X");
    expect(slices.map(({ name, tid, ts, dur }) => [name, tid, ts, Math.round(dur!)])).toEqual([
      ["a", 1, 0, 1000],
      ["b", 1, 1000, 4000],
      ["c", 2, 1200, 2800],
      ["d", 1, 5000, 1000],
    ]);
    const flows = events.filter(({ ph }) => ph === "s" || ph === "f");
    expect(flows.map(({ ph, tid, ts }) => [ph, tid, ts])).toEqual([
      ["s", 1, 999.999],
      ["f", 2, 1200],
      ["s", 2, 3999.999],
      ["f", 1, 5000],
    ]);
  });

  it("ends slices where the next ones begin, also where sums of microseconds are rounded", async () => {
    // 0.1 + 0.2 > 0.3, as doubles.
    const times = [100, 300, 600, 700, 1400];
    const [one] = SECTION.launches;
    const launches = times.slice(1).map((endNs, at) => ({
      ...one!,
      operator: `n${at}`,
      startNs: times[at]!,
      endNs,
    }));
    expect(0.1 + 0.2).toBeGreaterThan(0.3);
    const { text } = await exportedBy(
      exportChromeTrace,
      subjectOf({ ...ARTIFACT, operators: { ...SECTION, launches } }),
    );
    expect(brokenTraceRules(eventsOf(text))).toEqual([]);
  });

  it("draws a launch without duration as a nanosecond, and says so", async () => {
    const [first, ...others] = SECTION.launches;
    const launches = [{ ...first!, operator: "z", endNs: first!.startNs! }, first!, ...others];
    const { text } = await exportedBy(
      exportChromeTrace,
      subjectOf({ ...ARTIFACT, operators: { ...SECTION, launches } }),
    );
    expect(brokenTraceRules(eventsOf(text))).toEqual([]);
    const [instant] = eventsOf(text).filter(({ ph }) => ph === "X");
    expect(instant).toMatchObject({ name: "z", ts: 0, args: { isInstant: true } });
    expect(instant?.dur).toBeCloseTo(0.001, 5);
  });

  it("shows blocks on all of their devices, transfers, and memory over time", async () => {
    const { text } = await exportedBy(exportChromeTrace, SERIAL);
    const events = eventsOf(text);
    expect(brokenTraceRules(events)).toEqual([]);
    expect(events.filter(({ ph }) => ph === "X").length).toBe(8);
    // f -> g goes to another device, g -> h does not.
    expect(events.filter(({ ph }) => ph === "s").length).toBe(2);
    const memory = events.filter(({ ph }) => ph === "C");
    expect(memory.map(({ name, ts, args }) => [name, ts, args?.["held"]])).toEqual([
      ["memory of a", 0, 3],
      ["memory of a", 5, 6],
    ]);
  });

  it("holds the rest of the schedule, so that nothing is lost", async () => {
    const { text } = await exportedBy(exportChromeTrace, SERIAL);
    const { otherData } = JSON.parse(text);
    const { instances: _, ...section } = JSON.parse(JSON.stringify(SERIAL.pipeline?.section));
    for (const entry of section.repetend) {
      delete entry.residue;
    }
    expect(otherData).toMatchObject({ format: "top-compile/trace", microsecond: "step" });
    expect(otherData.schedule.pipeline).toEqual({ ...section, instances: [] });
    expect(otherData.schedule.provenance.seed).toBe(1);
  });

  it("shows what was measured as a second process", async () => {
    const measured = [
      { block: "f", device: "a", microBatch: 0, startNs: 0, endNs: 1234.5 },
      { block: "g", device: "b", microBatch: 0, startNs: 1300, endNs: 1400 },
    ];
    const placement = TWO.ok ? TWO.value : undefined!;
    const { text } = await exportedBy(exportChromeTrace, serialSubject(placement, 2, { measured }));
    const events = eventsOf(text);
    expect(brokenTraceRules(events)).toEqual([]);
    const second = events.filter(({ pid, ph }) => pid === 2 && ph === "X");
    expect(
      second.map(({ name, tid, ts, dur }) => [name, tid, ts, Math.round(dur! * 1000)]),
    ).toEqual([
      ["f.0", 1, 0, 1235],
      ["g.0", 2, 1.3, 100],
    ]);
    expect(events.filter(({ pid, ph }) => pid === 2 && ph === "s").length).toBe(1);
  });

  it("is refused where nothing is predicted", async () => {
    const refused = exportedBy(exportChromeTrace, subjectOf(untimed));
    await expect(refused).rejects.toThrow("export-times-missing");
  });
});

describe("svg", () => {
  it("has a bar for each launch, with its name and times", async () => {
    const { text } = await exportedBy(exportSvg, subjectOf(ARTIFACT));
    expect(text.match(/<rect x=/g)?.length).toBe(SECTION.launches.length);
    expect(text).toContain("<title>c: 1.20 ms to 4.00 ms</title>");
    expect(text).toContain(">stream 1</text>");
  });

  it("holds names that mean something in XML as text", async () => {
    const operator = `<script>&"'\u0000\ufffe</script>`;
    const launches = [{ ...SECTION.launches[0]!, operator }];
    const { text } = await exportedBy(
      exportSvg,
      subjectOf({ ...ARTIFACT, operators: { ...SECTION, launches } }),
    );
    for (const unseen of ["<script", "\u0000", "\ufffe"]) {
      expect(text).not.toContain(unseen);
    }
    expect(text).toContain("&lt;script&gt;&amp;&quot;'\\u0000?&lt;/script&gt;");
  });

  it("is refused where nothing is predicted, and where nothing could be seen", async () => {
    await expect(exportedBy(exportSvg, subjectOf(untimed))).rejects.toThrow("export-times-missing");
    const placement = TWO.ok ? TWO.value : undefined!;
    const many = serialSubject(placement, 20_000);
    await expect(exportedBy(exportSvg, many)).rejects.toThrow(
      "export-too-large: has 80000 bars; --to svg takes at most 50000",
    );
  });
});

describe("dot", () => {
  it("draws streams as boxes, their order dotted, waits solid", async () => {
    const { text } = await exportedBy(exportDot, subjectOf(ARTIFACT));
    expect(text.match(/subgraph cluster_/g)?.length).toBe(2);
    expect(text.match(/n\d+ -> n\d+ \[style=dotted\];/g)).toEqual([
      "n0 -> n1 [style=dotted];",
      "n1 -> n3 [style=dotted];",
    ]);
    expect(text.match(/n\d+ -> n\d+;/g)).toEqual(["n0 -> n2;", "n2 -> n3;"]);
  });

  it("draws devices as boxes, and blocks on several devices outside of them", async () => {
    const { text } = await exportedBy(exportDot, SERIAL);
    expect(text).toContain('    n0 [label="f\\n2", fillcolor="#a9c8ea"];');
    expect(text).toContain('\n  n2 [label="h\\n1", fillcolor="#acd8bd"];');
    expect(text).toContain('n0 -> n1 [label="1"];');
  });

  it("holds quotes, backslashes and line ends of names as text", async () => {
    const operator = 'a"];\\N\nb';
    const launches = [{ ...SECTION.launches[0]!, operator }];
    const { text } = await exportedBy(
      exportDot,
      subjectOf({ ...ARTIFACT, operators: { ...SECTION, launches } }),
    );
    expect(text).toContain('n0 [label="a\\"];\\\\N\\\\u000ab"];');
  });
});

describe("placement", () => {
  it("is the placement that the pipeline was searched for", async () => {
    const shape = buildShape("zb-v", { devices: 4 });
    const placement = shape.ok ? shape.value : undefined!;
    const { text } = await exportedBy(exportPlacement, serialSubject(placement, 2));
    const read = parsePlacement(text);
    expect(read).toEqual({ ok: true, value: placement });
  });
});
