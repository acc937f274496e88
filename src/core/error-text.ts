/** Caught errors as one line of text. */

/** Wordings of common file-system errors. */
const FILE_PROBLEMS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file or folder"],
  ["ENOTDIR", "a part of the path is not a folder"],
  ["EISDIR", "is a folder"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EROFS", "the file system is read-only"],
  ["ENOSPC", "no space left"],
  ["ENAMETOOLONG", "the name is too long"],
  ["ELOOP", "links lead in a circle"],
  ["EDQUOT", "the quota is used up"],
  ["EMFILE", "too many files are open"],
  ["ETXTBSY", "is a program that runs"],
]);

/** The message of a thrown value. */
export function errorText(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The reason why a file could not be read or written, worded alike everywhere. */
export function fileProblem(cause: unknown): string {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return (typeof code === "string" ? FILE_PROBLEMS.get(code) : undefined) ?? errorText(cause);
}

/** Longest error text, in characters, within a failure's one line. */
const LINE_CHARACTERS = 300;

/**
 * The first line of an error's message, for a failure's one line; a long one ends after a whole
 * word.
 */
export function errorLine(cause: unknown): string {
  const line = errorText(cause).split("\n")[0] ?? "";
  if (line.length <= LINE_CHARACTERS) {
    return line;
  }
  const start = line.slice(0, LINE_CHARACTERS);
  const end = start.lastIndexOf(" ");
  return `${end <= 0 ? start : start.slice(0, end)} ...`;
}
