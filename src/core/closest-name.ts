/**
 * The name that was probably meant: the one that differs least, by insertions, deletions and
 * replacements of characters, ignoring case; the first of those that differ equally.
 *
 * Returns `undefined` when none is near: more than a third of the characters would have to change.
 * Cost: O(characters of `name` x characters of `names`); names of more than 100 characters are not
 * compared.
 */
export function closestName(name: string, names: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  if (wanted.length > LONGEST) {
    return undefined;
  }
  for (const candidate of names.filter(({ length }) => length <= LONGEST)) {
    const changes = changesBetween(wanted, candidate.toLowerCase());
    if (changes < least) {
      least = changes;
      best = candidate;
    }
  }
  return best;
}

const LONGEST = 100;

/** Levenshtein's distance, a row of the table at a time. */
function changesBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
