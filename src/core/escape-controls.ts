/**
 * Characters that are invisible or change how their neighbors are shown: control characters, line
 * and paragraph separators, controls of writing direction, joiners and fillers of no width, halves
 * of characters. On a terminal they can forge output; in a report they can hide text.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** The text with everything in `UNSEEN` (line ends too) as JSON escapes: one line, safe for a terminal. */
export function escapeControls(text: string): string {
  return text.replace(UNSEEN, escaped);
}

/**
 * As `escapeControls`, but line ends stay: for whole reports and for JSON documents, whose value does
 * not change.
 */
export function escapeLines(text: string): string {
  return text.replace(UNSEEN, (character) => (character === "\n" ? character : escaped(character)));
}

/** One `\uXXXX` per UTF-16 unit. */
function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`,
  ).join("");
}
