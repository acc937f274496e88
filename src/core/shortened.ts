const ELLIPSIS = "...";

/** A text of at most `width` characters, longer ones cut in the middle. */
export function shortened(text: string, width: number): string {
  if (text.length <= width) {
    return text;
  }
  const room = Math.max(0, Math.floor(width) - ELLIPSIS.length);
  const tail = Math.floor(room / 2);
  return `${text.slice(0, room - tail)}${ELLIPSIS}${tail === 0 ? "" : text.slice(-tail)}`;
}
