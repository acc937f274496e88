/**
 * Dependencies over links as blocks: a search that knows devices, blocks and dependencies knows links then.
 *
 * A transfer that holds something up becomes a block of kind `transfer` between the two blocks of its dependency. It
 * occupies the link, where that carries one at a time, and the devices of the blocks that the link keeps from working.
 * A transfer over a shared link that holds nothing up is a latency.
 *
 * Example: `f0` on d0, `f1` on d1, `{ from: "f0", to: "f1", link: "wire", transfer: 5 }` over an exclusive link that
 * blocks both ends becomes `f0->f1` of 5 on d0, d1 and wire, behind `f0` and before `f1`.
 */
import type { Block, Dependency, Device, Link, Placement } from "./placement.js";

/** A dependency over a link. */
export interface Send {
  readonly from: number;
  readonly to: number;
  /** From the end of the transfer to the start of `to`. */
  readonly latency: number;
  /** Micro-batches between the two; absent: none. */
  readonly distance?: number;
  /** Position in the links. */
  readonly link: number;
  readonly time: number;
}

/** The name of the block that a transfer becomes. */
export function transferName(from: string, to: string): string {
  return `${from}->${to}`;
}

/** Whether transfers over it are blocks, and not latencies. */
export function holdsUp({ sharing, blocking }: Pick<Link, "sharing" | "blocking">): boolean {
  return sharing === "exclusive" || blocking !== "neither";
}

/** The placement with `sends` as blocks and latencies. Requires: no other dependency between their blocks. */
export function lowerLinks(
  plain: Omit<Placement, "links">,
  links: readonly Link[],
  sends: readonly Send[],
): Placement {
  if (links.length === 0) {
    return plain;
  }
  const devices: Device[] = [...plain.devices];
  const deviceOf = links.map(({ name, sharing }) =>
    sharing === "shared" ? undefined : devices.push({ name, memory: undefined, isLink: true }) - 1,
  );
  const blocks: Block[] = [...plain.blocks];
  const dependencies: Dependency[] = [...plain.dependencies];
  for (const { from, to, latency, distance, link, time } of sends) {
    const later = distance === undefined ? {} : { distance };
    const over = links[link];
    if (over === undefined || !holdsUp(over)) {
      dependencies.push({ from, to, latency: latency + time, ...later, sent: { link, time } });
      continue;
    }
    const [source, target] = [plain.blocks[from], plain.blocks[to]];
    const { blocking } = over;
    const held = new Set([
      ...(blocking === "both" || blocking === "sender" ? (source?.devices ?? []) : []),
      ...(blocking === "both" || blocking === "receiver" ? (target?.devices ?? []) : []),
    ]);
    const wire = deviceOf[link];
    const at = blocks.push({
      id: transferName(source?.id ?? "", target?.id ?? ""),
      kind: "transfer",
      devices: [...held].sort((a, b) => a - b).concat(wire === undefined ? [] : [wire]),
      duration: time,
      memory: 0,
      workspace: 0,
      operators: [],
      transfer: { link, from, to },
      ...(source?.isPerStep === true ? { isPerStep: true } : {}),
    });
    dependencies.push({ from, to: at - 1, latency: 0 }, { from: at - 1, to, latency, ...later });
  }
  dependencies.sort(byEnds);
  return { ...plain, devices, links, blocks, dependencies };
}

/** The dependencies over links of a placement, by `from`, then `to`. */
export function sendsOf({ blocks, dependencies }: Placement): readonly Send[] {
  const after = new Map(
    dependencies
      .filter(({ from }) => blocks[from]?.transfer !== undefined)
      .map(({ from, latency, distance }) => [
        from,
        { latency, ...(distance === undefined ? {} : { distance }) },
      ]),
  );
  const held = blocks.flatMap(({ transfer, duration: time }, at): readonly Send[] =>
    transfer === undefined ? [] : [{ ...transfer, time, latency: 0, ...after.get(at) }],
  );
  const free = dependencies.flatMap(({ sent, ...rest }): readonly Send[] =>
    sent === undefined ? [] : [{ ...rest, ...sent, latency: rest.latency - sent.time }],
  );
  return [...held, ...free].sort(byEnds);
}

/** What computes of a placement: its links are latencies, its transfers no blocks. Positions of the others stay. */
export function withoutTransfers(placement: Placement): Placement {
  const { links = [], lengths, overlaps, choices, timeUnit, memoryRelease } = placement;
  const names = new Set(links.map(({ name }) => name));
  return {
    timeUnit,
    devices: placement.devices.filter(({ name }) => !names.has(name)),
    blocks: placement.blocks.filter(({ transfer }) => transfer === undefined),
    dependencies: plainDependencies(placement),
    memoryRelease,
    ...(lengths === undefined ? {} : { lengths }),
    ...(overlaps === undefined ? {} : { overlaps }),
    ...(choices === undefined ? {} : { choices }),
  };
}

/** What one micro-batch computes by itself: `withoutTransfers`, and without what waits for other micro-batches. */
export function oneMicroBatch(placement: Placement): Placement {
  const plain = withoutTransfers(placement);
  const dependencies = plain.dependencies.filter(({ distance }) => distance === undefined);
  return { ...plain, dependencies };
}

/** The dependencies between blocks that compute, those over links among them with the time of their transfer. */
function plainDependencies(placement: Placement): readonly Dependency[] {
  const { blocks, dependencies } = placement;
  const isTransfer = (block: number): boolean => blocks[block]?.transfer !== undefined;
  const direct = dependencies.filter(({ from, to }) => !isTransfer(from) && !isTransfer(to));
  const sent = sendsOf(placement)
    .filter(({ link }) => holdsUp(placement.links?.[link] as Link))
    .map(({ link: _, time, ...rest }) => ({ ...rest, latency: rest.latency + time }));
  return [...direct, ...sent].sort(byEnds);
}

/** The order of dependencies: by their ends, then by the micro-batches between them. */
export function byEnds(a: Dependency, b: Dependency): number {
  return a.from - b.from || a.to - b.to || (a.distance ?? 0) - (b.distance ?? 0);
}
