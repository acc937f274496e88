/** Rows of cells of a CSV text as RFC 4180 has them, with line ends of either kind. */
export function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [, quoted, plain = "", end] = match;
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (pattern.lastIndex === text.length) {
      break;
    }
    if (end !== ",") {
      rows.push([]);
    }
  }
  return rows;
}
