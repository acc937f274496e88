import type { ScheduleArtifact } from "../../src/artifact/artifact.js";
import { SECTION } from "./artifacts.js";

/** Names that would run a script, load something or end an element if a page took them for markup. */
export const HOSTILE_NAMES: readonly string[] = [
  `</script><script>globalThis.injected=1;alert(1)</script>`,
  `"><img src=x onerror="globalThis.injected=1">`,
  `</title></svg></style><style>body{display:none}</style>`,
  `<!--<script>`,
  `'onmouseover=globalThis.injected=1 x='`,
  `\u202e{{constructor.constructor("globalThis.injected=1")()}}\${globalThis.injected=1}`,
  `javascript:globalThis.injected=1`,
  `&lt;script&gt;&#60;`,
  "]]>\\u003c/script>\\x3cscript>",
];

/** An artifact with these names wherever names go. */
export function hostileArtifact(): ScheduleArtifact {
  const [first = "", second = ""] = HOSTILE_NAMES;
  const launches = HOSTILE_NAMES.map((operator, at) => ({
    operator,
    stream: at % 2,
    waits: at === 0 ? [] : at % 2 === 1 ? [first] : [],
    record: at === 0,
    startNs: at * 1000,
    endNs: at * 1000 + 900,
  }));
  return {
    provenance: {
      tool: first,
      inputs: [{ role: "model", name: second, sha256: "ab".repeat(32) }],
      seed: 1,
      options: { device: second, [first]: second },
      dataSizes: [{ tensor: second, elementType: "float32", dims: [1], source: "run" }],
    },
    device: { name: second, source: "measured", measuredBy: first },
    operators: {
      ...SECTION,
      algorithm: first,
      launches,
      dims: HOSTILE_NAMES.map((name) => ({ name, size: 1 })),
      candidates: HOSTILE_NAMES.map((algorithm) => ({ algorithm, streams: 2, predictedNs: 5 })),
    },
  };
}
