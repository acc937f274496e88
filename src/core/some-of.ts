/** The first of a list in one line, and how many more there are: `a, b, c and 4 more`. */
export function someOf(texts: readonly string[], most: number = 3): string {
  const shown = texts.slice(0, most).join(", ");
  return texts.length > most ? `${shown} and ${texts.length - most} more` : shown;
}

/** The same for names, each in quotes. */
export function someNames(names: readonly string[], most?: number): string {
  return someOf(
    names.map((name) => `"${name}"`),
    most,
  );
}
