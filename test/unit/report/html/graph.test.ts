import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawnNodes, type NamedNode } from "../../../../src/report/html/drawn-graph.js";
import { foldChains } from "../../../../src/report/html/fold-chains.js";
import { countLevels } from "../../../../src/report/html/graph-levels.js";
import { graphPicture } from "../../../../src/report/html/graph-picture.js";
import { layoutGraph, NODE_SIZE } from "../../../../src/report/html/layout-graph.js";

/** Graphs without cycles whose nodes are listed in any order. */
const graphs: fc.Arbitrary<NamedNode[]> = fc
  .array(fc.tuple(fc.nat(2), fc.array(fc.nat(30), { maxLength: 3 })), { maxLength: 24 })
  .chain((list) =>
    fc.tuple(
      fc.constant(list),
      fc.shuffledSubarray([...list.keys()], { minLength: list.length, maxLength: list.length }),
    ),
  )
  .map(([list, order]) => {
    const nodes: NamedNode[] = [];
    for (const [at, [color, before]] of list.entries()) {
      const earlier = before.filter((each) => each < at).map((each) => order[each]!);
      nodes[order[at]!] = { name: `n${order[at]}`, color, before: earlier };
    }
    return nodes;
  });

/** Pairs of names with an edge. */
function edgesOf(
  nodes: readonly { readonly names: readonly string[]; readonly before: readonly number[] }[],
) {
  return nodes
    .flatMap(({ names, before }) => [
      ...before.map((from) => `${nodes[from]!.names.at(-1)} ${names[0]}`),
      ...names.slice(1).map((name, at) => `${names[at]} ${name}`),
    ])
    .sort();
}

describe("drawnNodes", () => {
  it("puts every node after those before it, and loses no edge", () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const drawn = drawnNodes(graph);
        expect(drawn.every(({ before }, at) => before.every((each) => each < at))).toBe(true);
        const edges = graph.flatMap(({ name, before }) =>
          [...new Set(before)].map((from) => `${graph[from]!.name} ${name}`),
        );
        expect(edgesOf(drawn)).toEqual(edges.sort());
      }),
    );
  });

  it("leaves out edges that close a cycle", () => {
    const drawn = drawnNodes([
      { name: "a", color: 0, before: [1] },
      { name: "b", color: 0, before: [0] },
    ]);
    expect(drawn.map(({ names, before }) => [names[0], before])).toEqual([
      ["a", []],
      ["b", [0]],
    ]);
  });
});

describe("foldChains", () => {
  it("keeps every node and every edge, and leaves no chain of one color", () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const drawn = drawnNodes(graph);
        const folded = foldChains(drawn);
        expect(edgesOf(folded)).toEqual(edgesOf(drawn));
        expect(folded.flatMap(({ names }) => names).sort()).toEqual(
          drawn.flatMap(({ names }) => names).sort(),
        );
        const after = folded.map((_, at) => folded.filter(({ before }) => before.includes(at)));
        for (const { before, color } of folded) {
          const [only, ...others] = before;
          const isChain = only !== undefined && others.length === 0 && after[only]!.length === 1;
          expect(isChain && folded[only]!.color === color).toBe(false);
        }
      }),
    );
  });
});

describe("countLevels", () => {
  it("counts operators by the longest path to them", () => {
    const nodes = drawnNodes([
      { name: "a", color: 0, before: [] },
      { name: "b", color: 1, before: [0] },
      { name: "c", color: 1, before: [0] },
      { name: "d", color: 0, before: [0, 2] },
    ]);
    expect(countLevels(nodes).map((level) => [...level])).toEqual([[[0, 1]], [[1, 2]], [[0, 1]]]);
  });
});

describe("layoutGraph", () => {
  it("places nodes apart, in the order of edges, the same every time", () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const nodes = drawnNodes(graph);
        const { centers, width, height, edges } = layoutGraph(nodes);
        for (const [at, { x, y }] of centers.entries()) {
          expect(x >= NODE_SIZE.width / 2 && x <= width - NODE_SIZE.width / 2).toBe(true);
          expect(y >= NODE_SIZE.height / 2 && y <= height - NODE_SIZE.height / 2).toBe(true);
          for (const other of centers.slice(at + 1)) {
            const isApart =
              Math.abs(other.x - x) >= NODE_SIZE.width || Math.abs(other.y - y) >= NODE_SIZE.height;
            expect(isApart).toBe(true);
          }
        }
        for (const { from, to } of edges) {
          expect(centers[from]!.x).toBeLessThan(centers[to]!.x);
        }
        expect(layoutGraph(nodes)).toEqual({ centers, width, height, edges });
      }),
      { numRuns: 40 },
    );
  });
});

describe("graphPicture", () => {
  const wide = (count: number): NamedNode[] =>
    Array.from({ length: count }, (_, at) => ({ name: `n${at}`, color: at % 3, before: [] }));

  it("draws nodes, and levels where there are more than 600", () => {
    const small = graphPicture({ nodes: drawnNodes(wide(600)), colors: [], caption: "It." });
    expect(small.svg.markup).toContain(">n599</text>");
    const large = graphPicture({ nodes: drawnNodes(wide(601)), colors: [], caption: "It." });
    expect(large.svg.markup).not.toContain("<text");
    expect(large.caption).toContain("too large to be drawn node by node");
    // One level of three colors, 201 and twice 200 of 601 nodes high, in a picture of 200.
    const heights = [...large.svg.markup.matchAll(/d="M0 [\d.]+h1100v([\d.]+)h-1100z"/g)];
    expect(heights.map(([, height]) => height)).toEqual(["66.89", "66.56", "66.56"]);
  });

  it("draws the means of levels where there are more than can be told apart", () => {
    // 1,100 levels of two nodes on two colors, each of which reads both of the level before.
    const ladder = Array.from({ length: 2200 }, (_, at) => ({
      name: `n${at}`,
      color: at % 2,
      before: at < 2 ? [] : [at - (at % 2) - 1, at - (at % 2) - 2],
    }));
    const { svg, caption } = graphPicture({ nodes: drawnNodes(ladder), colors: [], caption: "" });
    expect(caption).toContain("a column is the mean of 2 levels");
    expect(svg.markup.match(/h2v100h-2z/g)).toHaveLength(2 * 550);
  });

  it("draws levels where edges cross too many", () => {
    // A chain in two colors, so that it does not fold, whose last node reads every other.
    const chain = Array.from({ length: 200 }, (_, at) => ({
      name: `n${at}`,
      color: at % 2,
      before: at === 199 ? [...Array(199).keys()] : at === 0 ? [] : [at - 1],
    }));
    const { svg } = graphPicture({ nodes: drawnNodes(chain), colors: [], caption: "It." });
    expect(svg.markup).not.toContain("<text");
  });

  it("escapes names", () => {
    const name = `</title><script>x</script>"`;
    const { svg } = graphPicture({
      nodes: drawnNodes([{ name, color: 0, before: [] }]),
      colors: [],
      caption: "",
    });
    expect(svg.markup).not.toContain("<script");
    expect(svg.markup).toContain("&lt;/title&gt;&lt;script&gt;");
  });
});
