/**
 * Whether a text matches a pattern in which `*` stands for any characters, none included, and `?`
 * for any one; everything else stands for itself.
 *
 * Cost: O(text x stars) at worst: a star that turns out too short is only ever lengthened, so that
 * no pattern can take exponential time.
 */
export function matchesGlob(text: string, pattern: string): boolean {
  let at = 0;
  let want = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    if (pattern[want] === "*") {
      star = want++;
      starAt = at;
    } else if (want < pattern.length && (pattern[want] === "?" || pattern[want] === text[at])) {
      want++;
      at++;
    } else if (star >= 0) {
      want = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (pattern[want] === "*") {
    want++;
  }
  return want === pattern.length;
}

/** Whether a text has characters that are special in patterns. */
export function isGlob(text: string): boolean {
  return text.includes("*") || text.includes("?");
}
