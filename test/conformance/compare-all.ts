import { judge, type Outcome } from "./judge.js";
import { KNOWN_GAPS } from "./known-gaps.js";
import { nodeTestsIn, readNodeTest } from "./node-test.js";

/** What became of all node tests of a folder. */
export interface Comparison {
  /** Tests by outcome. */
  readonly counts: ReadonlyMap<Outcome["kind"], number>;
  /** Outputs that were folded to the test's own elements. */
  readonly folded: number;
  /** Tests that are not passed and are no known gap, with what differs. */
  readonly news: readonly string[];
  /** Known gaps that are none any more, or whose tests are not there. */
  readonly closed: readonly string[];
}

/** Judges every node test of a folder. */
export async function compareAll(folder: string): Promise<Comparison> {
  const counts = new Map<Outcome["kind"], number>();
  const open = new Set<string>();
  const news: string[] = [];
  let folded = 0;
  for (const name of nodeTestsIn(folder)) {
    const outcome = await judge(readNodeTest(folder, name));
    counts.set(outcome.kind, (counts.get(outcome.kind) ?? 0) + 1);
    folded += "folded" in outcome ? outcome.folded : 0;
    if ("detail" in outcome) {
      open.add(name);
      if (!KNOWN_GAPS.has(name)) {
        news.push(`${outcome.kind} ${name}: ${outcome.detail}`);
      }
    }
  }
  const closed = [...KNOWN_GAPS.keys()].filter((name) => !open.has(name));
  return { counts, folded, news, closed };
}
