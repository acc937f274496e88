/** Exit statuses of the command line, besides those that failures carry. */
export const EXIT: Readonly<
  Record<"done" | "refused" | "usage" | "environment" | "internal" | "interrupted", number>
> = {
  done: 0,
  refused: 1,
  usage: 2,
  environment: 4,
  internal: 70,
  interrupted: 130,
};
