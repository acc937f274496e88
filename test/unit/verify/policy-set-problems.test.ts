import { describe, expect, it } from "vitest";
import type { RegimePolicy } from "../../../src/artifact/launcher-policies.js";
import type { LauncherSection } from "../../../src/artifact/launcher-section.js";
import type { AbsentPolicy } from "../../../src/schedule/serving/policy-names.js";
import { policySetProblems, variantNameProblems } from "../../../src/verify/policy-set-problems.js";
import { servedSection } from "../../support/served-policies.js";

type Variant = LauncherSection["models"][number]["variants"][number];

const PLACE = "/launcher/regimes/0";
const CPU: readonly AbsentPolicy[] = (["opara", "ios", "merged"] as const).map((policy) => {
  return { policy, reason: "cpu" };
});

/** A section with these variants, and policies of these names, each in the variant that its name asks for. */
function sectionOf(
  names: readonly string[],
  options: {
    readonly device?: "gpu" | "cpu";
    readonly absent?: readonly AbsentPolicy[];
    readonly variants?: readonly Partial<Variant>[];
    readonly memoryBytes?: number;
    readonly change?: (policy: RegimePolicy) => RegimePolicy;
  } = {},
): LauncherSection {
  const {
    device = "gpu",
    absent = [],
    variants,
    memoryBytes,
    change = (policy) => policy,
  } = options;
  const plain = servedSection(
    names.map((name) => ({
      name,
      ...(name === "fifo" ? { inFlight: 1 } : {}),
      ...(device === "gpu" ? { variant: name === "ios" ? "opara" : name } : {}),
    })),
    { device },
  );
  const [model] = plain.models as [LauncherSection["models"][number]];
  const [variant] = model.variants as [Variant];
  const onGpu: readonly Partial<Variant>[] = variants ?? [
    { name: "sequential", also: ["narrow", "top-compile", "pipelined-2", "pipelined-4"] },
    { name: "opara", also: ["wide", "ios"] },
  ];
  const own = device === "cpu" ? model.variants : onGpu.map((each) => ({ ...variant, ...each }));
  const [regime] = plain.regimes as [LauncherSection["regimes"][number]];
  const window = {
    periodNs: 1,
    lowerBoundNs: 1,
    boundedBy: "capacity",
    status: "optimal",
  } as const;
  const policies = regime.policies.map((policy) =>
    change(
      policy.name === "merged"
        ? { ...policy, window: { ...window, tasks: [], schedule: { streams: 1, launches: [] } } }
        : policy,
    ),
  );
  return {
    ...plain,
    device: memoryBytes === undefined ? plain.device : { ...plain.device, memoryBytes },
    models: [{ ...model, variants: own }],
    regimes: [{ ...regime, policies, absent }],
  };
}

function problemsOf(section: LauncherSection, hasTraining = false): readonly string[] {
  return policySetProblems(section.regimes[0]!, section, hasTraining, PLACE);
}

const EVERY = ["fifo", "greedy", "opara", "ios", "static", "merged"];

describe("the policies of a regime", () => {
  it("are all there, or absent for a reason that holds", () => {
    expect(problemsOf(sectionOf(EVERY))).toEqual([]);
    expect(
      problemsOf(sectionOf(["fifo", "greedy", "static"], { device: "cpu", absent: CPU })),
    ).toEqual([]);
    const noWindow: AbsentPolicy = { policy: "merged", reason: "no-window" };
    expect(problemsOf(sectionOf(EVERY.slice(0, 5), { absent: [noWindow] }))).toEqual([]);
    const ios: AbsentPolicy = { policy: "ios", reason: "too-many-operators" };
    const withoutIos = EVERY.filter((name) => name !== "ios");
    const variants = [{ name: "sequential" }, { name: "opara", also: ["wide"] }];
    expect(problemsOf(sectionOf(withoutIos, { absent: [ios], variants }))).toEqual([]);
    // It has a schedule of IOS.
    expect(problemsOf(sectionOf(withoutIos, { absent: [ios] }))).toEqual([
      `${PLACE}/absent/0 is no reason for which "ios" is missing`,
    ]);
  });

  it("lack none without a word, and name no other reason", () => {
    for (const name of EVERY) {
      const rest = EVERY.filter((other) => other !== name);
      expect(problemsOf(sectionOf(rest))[0], name).toContain("not those of every comparison");
    }
    for (const policy of ["fifo", "static", "opara", "merged"] as const) {
      const rest = EVERY.filter((other) => other !== policy);
      expect(problemsOf(sectionOf(rest, { absent: [{ policy, reason: "cpu" }] })), policy).toEqual([
        `${PLACE}/absent/0 is no reason for which "${policy}" is missing`,
      ]);
    }
    const swapped = ["greedy", "fifo", ...EVERY.slice(2)];
    expect(problemsOf(sectionOf(swapped))).toHaveLength(1);
    const onCpu = { device: "cpu", absent: [...CPU].reverse() } as const;
    expect(problemsOf(sectionOf(["fifo", "greedy", "static"], onCpu))).toEqual([
      `${PLACE}/absent is not in the order of policies`,
    ]);
  });

  it("lack `greedy` only where memory does not hold one task of each model", () => {
    const rest = EVERY.filter((name) => name !== "greedy");
    const absent: readonly AbsentPolicy[] = [{ policy: "greedy", reason: "exceeds-memory" }];
    const run = { batch: 1, aloneNs: 1000, workspaceBytes: 80 };
    const variants = [
      { name: "sequential", runs: [run] },
      { name: "opara", also: ["ios"], runs: [run, { ...run, batch: 2, workspaceBytes: 160 }] },
    ];
    expect(problemsOf(sectionOf(rest, { absent, variants, memoryBytes: 159 }))).toEqual([]);
    expect(problemsOf(sectionOf(rest, { absent, variants, memoryBytes: 160 }))).toHaveLength(1);
  });

  it("do what their names say", () => {
    const changed = (name: string, change: (policy: RegimePolicy) => RegimePolicy) =>
      problemsOf(
        sectionOf(EVERY, { change: (each) => (each.name === name ? change(each) : each) }),
      );
    const withKnobs = (knobs: object) => (policy: RegimePolicy) => ({
      ...policy,
      models: policy.models.map((each) => ({ ...each, ...knobs })),
    });
    for (const name of ["opara", "ios"]) {
      expect(changed(name, withKnobs({ variant: "sequential" }))).toHaveLength(1);
    }
    expect(changed("fifo", withKnobs({ concurrency: 2 }))).toHaveLength(1);
    expect(changed("fifo", withKnobs({ periodNs: 1 }))).toHaveLength(1);
    expect(changed("fifo", ({ inFlight: _, ...policy }) => policy)).toHaveLength(1);
    expect(changed("greedy", withKnobs({ batch: 2 }))).toHaveLength(1);
    expect(changed("merged", ({ window: _, ...policy }) => policy)).toHaveLength(1);
    expect(changed("static", withKnobs({ variant: "sequential", periodNs: 5 }))).toEqual([]);
  });

  it("that were learned stand behind the others, and need steps in which they were", () => {
    const adaptive = { kind: "regimes", tickNs: 1, rows: [] } as const;
    const learned = (names: readonly string[]) =>
      sectionOf(names, {
        change: (policy) => (EVERY.includes(policy.name) ? policy : { ...policy, adaptive }),
      });
    expect(problemsOf(learned([...EVERY, "maddpg"]), true)).toEqual([]);
    expect(problemsOf(learned([...EVERY, "maddpg"]), false)).toHaveLength(1);
    expect(problemsOf(learned(["fifo", "maddpg", ...EVERY.slice(1)]), true)).toHaveLength(1);
    const disguised = sectionOf(EVERY, {
      change: (policy) => (policy.name === "static" ? { ...policy, adaptive } : policy),
    });
    expect(problemsOf(disguised, true).length).toBeGreaterThan(0);
  });
});

describe("the variants of a model on a GPU", () => {
  const ways = (variants: readonly Partial<Variant>[], device: "gpu" | "cpu" = "gpu") => {
    const section = sectionOf(EVERY, { variants });
    const [model] = section.models as [LauncherSection["models"][number]];
    const other = device === "cpu" ? servedSection([], { device }) : section;
    return variantNameProblems(model, other, "/launcher/models/0");
  };
  const LATER = ["wide", "ios", "top-compile", "pipelined-2", "pipelined-4"];

  it("are all ways to make schedules, once each; only IOS may have none", () => {
    expect(
      ways([
        { name: "sequential", also: ["narrow"] },
        { name: "opara", also: LATER },
      ]),
    ).toEqual([]);
    const withoutIos = LATER.filter((name) => name !== "ios");
    expect(
      ways([
        { name: "sequential", also: ["narrow"] },
        { name: "opara", also: withoutIos },
      ]),
    ).toEqual([]);
    for (const variants of [
      [{ name: "sequential" }, { name: "opara", also: LATER }],
      [
        { name: "sequential", also: ["narrow", "opara"] },
        { name: "opara", also: LATER },
      ],
      [
        { name: "opara", also: LATER },
        { name: "sequential", also: ["narrow"] },
      ],
      [
        { name: "narrow", also: ["sequential"] },
        { name: "opara", also: LATER },
      ],
      [
        { name: "sequential", also: ["narrow"] },
        { name: "opara", also: [...LATER].reverse() },
      ],
      [
        { name: "sequential", also: ["narrow", "fast"] },
        { name: "opara", also: LATER },
      ],
      [
        { name: "sequential", also: ["narrow", "opara", ...LATER] },
        { name: "fast", also: [] },
      ],
    ]) {
      expect(ways(variants).length, JSON.stringify(variants)).toBeGreaterThan(0);
    }
  });

  it("have one name each on a CPU", () => {
    expect(ways([{ name: "1 thread" }], "cpu")).toEqual([]);
    expect(ways([{ name: "1 thread", also: ["opara"] }], "cpu")).toHaveLength(1);
  });
});
