/** What is not kept of a name that becomes the name of a file or folder. */
const UNSAFE = /[^A-Za-z0-9._-]/g;

/** Longest name: systems take 255 bytes, of which endings and numbers need some. */
const LONGEST = 120;

/**
 * Names for files, in the order of `ids`: each with only letters, digits, `.`, `_` and `-`, not beginning
 * with a dot, and no two the same even where case does not count. Ids that are such names already stay.
 */
export function fileNames(ids: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return ids.map((id) => {
    const plain = id.slice(0, LONGEST).replace(UNSAFE, "_").replace(/^\./, "_") || "_";
    let name = plain;
    for (let again = 1; taken.has(name.toLowerCase()); again++) {
      name = `${plain}_${again}`;
    }
    taken.add(name.toLowerCase());
    return name;
  });
}
