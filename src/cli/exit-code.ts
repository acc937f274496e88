/** Exit statuses of the command line, besides those that failures carry. */
export const EXIT: Readonly<
  Record<"done" | "refused" | "usage" | "internal" | "interrupted", number>
> = {
  done: 0,
  refused: 1,
  usage: 2,
  internal: 70,
  interrupted: 130,
};
