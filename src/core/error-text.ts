/** What caught errors say, in one line of words. */

/** Wordings of the usual errors of file systems. */
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

/** The message of whatever was thrown. */
export function errorText(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Why a file could not be read or written: the same words wherever it happens. */
export function fileProblem(cause: unknown): string {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return (typeof code === "string" ? FILE_PROBLEMS.get(code) : undefined) ?? errorText(cause);
}

/** Most characters of an error that a failure's one line takes. */
const LINE_CHARACTERS = 300;

/** The first line of what an error says, for a failure's one line: a long one ends after a whole word. */
export function errorLine(cause: unknown): string {
  const line = errorText(cause).split("\n")[0] ?? "";
  if (line.length <= LINE_CHARACTERS) {
    return line;
  }
  const start = line.slice(0, LINE_CHARACTERS);
  const end = start.lastIndexOf(" ");
  return `${end <= 0 ? start : start.slice(0, end)} ...`;
}
