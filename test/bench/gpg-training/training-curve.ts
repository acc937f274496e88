/** How good the policy was after so many steps: mean period over the best cut of the candidate orders. */
export interface CurvePoint {
  readonly done: number;
  /** After one round. */
  readonly first: number;
  /** After four rounds. */
  readonly later: number;
}

/** Two lines over the steps of training, lower is better. Requires: not empty. */
export function curveSvg(points: readonly CurvePoint[]): string {
  const [width, height, left, top] = [640, 300, 60, 30];
  const values = points.flatMap(({ first, later }) => [first, later]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const last = points.at(-1)!;
  const x = (done: number): number => left + ((width - left - 20) * done) / last.done;
  const y = (value: number): number => top + ((height - top - 40) * (high - value)) / (high - low);
  const line = (key: "first" | "later", color: string): string =>
    `<polyline fill="none" stroke="${color}" stroke-width="2" points="${points.map((p) => `${x(p.done).toFixed(1)},${y(p[key]).toFixed(1)}`).join(" ")}"/>`;
  const ticks = [0, 1, 2, 3].map((i) => low + ((high - low) * i) / 3);
  const grid = ticks.map(
    (value) =>
      `<line x1="${left}" x2="${width - 20}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="#ddd"/><text x="${left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value.toFixed(3)}</text>`,
  );
  const steps = [0, 1, 2, 3, 4].map((i) => Math.round((last.done * i) / 4));
  const axis = steps.map(
    (done) =>
      `<text x="${x(done).toFixed(1)}" y="${height - 22}" text-anchor="middle">${done}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<title>Training of the GPG policy</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${grid.join("\n")}
${axis.join("\n")}
<text x="${width / 2}" y="${height - 6}" text-anchor="middle">steps of training</text>
<text x="${left}" y="18">period over the best cut of the candidate orders, held-out made-up models</text>
${line("first", "#c60")}
${line("later", "#06c")}
<text x="${width - 24}" y="${(y(last.first) - 6).toFixed(1)}" text-anchor="end" fill="#c60">after 1 round</text>
<text x="${width - 24}" y="${(y(last.later) - 6).toFixed(1)}" text-anchor="end" fill="#06c">after 4 rounds</text>
</svg>
`;
}
