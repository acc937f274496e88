import type { FieldKnowledge } from "./field-changes.js";

/** Words of the format by key, and fields that may be added. */
export const KNOWLEDGE: FieldKnowledge = {
  words: {
    status: ["optimal", "bounded", "heuristic"],
    makespanStatus: ["optimal", "bounded", "heuristic"],
    reason: [
      "fastest-measured",
      "fastest-predicted",
      "best-worst-case",
      "nothing-beats-sequential",
      "all-cores-fastest",
      "asked-for",
    ],
    source: ["measured", "estimated"],
    role: ["model", "profile", "placement", "device", "schedule"],
    kind: [
      "load",
      "recurrence",
      "memory",
      "loop",
      "configurations",
      "search",
      "span",
      "bubble",
      "forward",
      "backward",
      "weight",
      "other",
    ],
    phase: ["warmup", "repetend", "cooldown"],
    algorithm: ["sequential", "top-compile", "opara", "nimble", "ios", "quick", "modulo", "1f1b"],
    memoryRelease: ["start", "end"],
    timeUnit: ["ns", "step"],
    math: ["tf32", "ieee"],
    mode: ["infer", "train"],
    device: ["cpu", "cuda", "h200", "v100"],
    shape: ["v", "x", "zb-h"],
  },
  extras: [
    [/^$/, "device", { name: "a GPU", source: "measured" }],
    [/^$/, "stages", []],
    [/^\/pipeline$/, "objective", { kind: "span", value: 1, lowerBound: 1 }],
    [/^\/operators$/, "batch", 2],
    [/^\/operators$/, "tasks", []],
    [/^\/operators$/, "tasks", [{ name: "t0", progress: 0, done: 0 }]],
    [/^\/operators\/decision$/, "noise", 0.01],
    [/^\/operators\/latencyNs$/, "measured", 5],
    [/^\/operators\/latencyNs$/, "sequentialMeasured", 5],
    [/^\/operators\/latencyNs$/, "allCoresMeasured", 5],
    [/^\/operators\/latencyNs$/, "parallelMeasured", 5],
    [/^\/operators\/latencyNs$/, "eagerMeasured", 5],
    [/^\/operators$/, "longestPathNs", 5],
    [
      /^\/operators$/,
      "workers",
      { segmentNs: 1, signalNs: 1, tensorNs: 1, byteNs: 1, slowdown: [1, 1] },
    ],
    [/^\/operators$/, "measurement", []],
    [/^\/operators$/, "lowerBoundNs", 5],
    [/^\/operators\/latencyNs$/, "predicted", 5],
    [/^\/operators\/launches\/\d+$/, "startNs", 5],
    [/^\/operators\/launches\/\d+$/, "endNs", 5],
    [/^\/operators\/launches\/\d+$/, "aloneNs", 5],
    [/^\/operators\/candidates\/\d+$/, "measuredNs", 5],
    [/^\/operators\/candidates\/\d+$/, "sameAs", "sequential"],
    [/^\/operators\/candidates\/\d+$/, "sameAs", "opara"],
    [/^\/pipeline\/boundedBy$/, "device", "d0"],
    [/^\/pipeline\/devices\/\d+$/, "memoryLimit", 100],
    [/^\/pipeline$/, "links", [{ name: "d0", load: 1 }]],
    [/^\/pipeline\/placement\/devices\/\d+$/, "kind", "link"],
    [/^\/pipeline\/placement\/devices\/\d+$/, "reserved", 5],
    [/^\/pipeline\/devices\/\d+$/, "reservedMemory", 5],
    [/^\/pipeline\/placement$/, "lengths", [1]],
    [/^\/pipeline\/placement$/, "choices", [{ name: "c", options: [] }]],
    [/^\/pipeline\/placement\/blocks\/\d+$/, "perStep", true],
    [/^\/pipeline\/placement\/blocks\/\d+$/, "durations", [1]],
    [/^\/pipeline\/placement\/dependencies\/\d+$/, "distance", 1],
    [/^\/pipeline\/placement\/devices\/\d+$/, "memory", 100],
    [/^\/pipeline\/repetend\/\d+$/, "residue", 1],
    [/^\/provenance\/options$/, "algorithm", "opara"],
    [/^\/provenance\/options$/, "memory", 5],
    [/^\/provenance\/options$/, "batch", 2],
    [/^\/provenance\/options$/, "progress", ["0"]],
    [/^\/provenance\/options$/, "dim", ["n=3"]],
  ],
};

/** A field of which some changes pass, and why nobody can tell. */
export interface FreeField {
  readonly where: RegExp;
  /** Which changes; absent: any. */
  readonly change?: RegExp;
  readonly why: string;
  /** It depends on what the searches find whether such a change passes anywhere. */
  readonly isRare?: true;
}

const NUMBER = /^[\d.e+-]+$/;
const REMOVED = /^removed$/;
const MOVED = /swapped$/;

/** Changes that pass; all others must be refused. */
export const FREE: readonly FreeField[] = [
  {
    where: /^\/provenance\/tool$/,
    change: /^with an x/,
    why: "which tool wrote a file cannot be seen in it",
  },
  { where: /^\/provenance\/seed$/, change: NUMBER, why: "another seed can find the same schedule" },
  {
    where: /^\/provenance\/inputs\/\d+\/name$/,
    change: /^(".+"|with an x behind)$/,
    why: "a file may be renamed: its digest says which it is",
  },
  {
    where: /^\/provenance\/inputs\/1\/sha256$/,
    why: "of a profile, which is not read: the model's digest is compared",
  },
  {
    where: /^\/provenance\/inputs$/,
    change: /^(entry 1 dropped|entries 0 and 1 swapped)$/,
    why: "their order means nothing, and without a profile in a file the CPU was measured at once",
  },
  {
    where: /^\/provenance\/inputs\/1\/role$/,
    change: /^"placement"$/,
    why: "stages can be placed by hand, and the CPU measured at once",
  },
  {
    where: /^\/provenance\/options\/math$/,
    why: "without effect on this model and GPU: where there is one, other figures give it away",
  },
  {
    where: /^\/provenance\/options\/(shape|mode)$/,
    why: "the usual mode of a shape, and shapes that are one placement",
  },
  {
    where: /^\/device\/name$/,
    change: /^(".+"|with an x behind)$/,
    why: "a measured device has the name that it gave",
  },
  {
    where: /^\/device\/costModel$/,
    why: "estimates of another version of the cost model cannot be worked out again",
  },
  {
    where: /^\/operators\/measurement\/\d+\/(medianNs|p10Ns|p90Ns|threads|outputDifference)$/,
    change: NUMBER,
    why: "measured, and only in the profile; what was chosen still is what it gives",
  },
  {
    where: /^\/operators\/measurement\/\d+\/relative\/(median|low|high)$/,
    change: NUMBER,
    why: "measured, and only in the profile; what was chosen still is what it gives",
  },
  {
    where: /^\/operators\/longestPathNs$/,
    change: NUMBER,
    why: "with several threads inside each operator, times of one thread are only in the profile",
  },
  {
    where: /^\/operators\/workers\/slowdown$/,
    change: /doubled$/,
    why: "of workers that are not used",
    isRare: true,
  },
  {
    where: /^\/operators\/measurement$/,
    change: MOVED,
    why: "the order of what was measured means nothing",
  },
  {
    where: /^\/operators\/candidates$/,
    change: /dropped$/,
    why: "which algorithms are tried depends on the version and the model",
  },
  {
    where: /^\/operators\/launches$/,
    change: MOVED,
    why: "neighbours on different streams may be launched in either order",
    isRare: true,
  },
  {
    where: /^\/operators\/launches\/\d+\/stream$/,
    change: NUMBER,
    why: "another schedule that keeps every dependency, with the same times",
    isRare: true,
  },
  {
    where: /^\/operators\/candidates\/\d+\/(streams|predictedNs|speedUp\/(low|high)(At)?)$/,
    change: NUMBER,
    why: "the launches of a schedule that was not chosen are not written down",
  },
  {
    where: /^\/operators\/candidates\/\d+\/sameAs$/,
    change: REMOVED,
    why: "the launches of a schedule that was not chosen are not written down",
    isRare: true,
  },
  {
    where: /^\/pipeline\/boundedBy\/blocks$/,
    change: MOVED,
    why: "the order of the blocks of a load means nothing",
  },
  {
    where: /^\/pipeline\/boundedBy\/weights\/\d+$/,
    why: "other weights may prove the same bound",
    isRare: true,
  },
  {
    where: /^\/pipeline\/boundedBy\/beside$/,
    change: MOVED,
    why: "the order of the blocks means nothing",
    isRare: true,
  },
  {
    where: /^\/pipeline\/boundedBy\/kind$/,
    change: /^"memory"$/,
    why: "another reason that proves the same bound",
    isRare: true,
  },
  {
    where: /^\/pipeline\/boundEach$/,
    change: REMOVED,
    why: "files of 0.1.0 have none; the bound of a period is left",
  },
  {
    where: /^\/pipeline\/stages$/,
    change: REMOVED,
    why: "files of 0.1.0 have none; they follow from the placement",
  },
  {
    where: /^\/pipeline\/repetend\/\d+\/residue$/,
    change: REMOVED,
    why: "absent, it is 0",
  },
  {
    where: /^\/pipeline\/repetend\/\d+\/(offset|shift)$/,
    change: NUMBER,
    why: "a block with room may stand elsewhere in a period that no micro-batch of so few reaches",
    isRare: true,
  },
  {
    where: /^\/pipeline\/placement\/dependencies\/\d+\/latency$/,
    change: /^([\d.e+-]+|removed)$/,
    why: "measured between threads, and only in the profile",
  },
];
