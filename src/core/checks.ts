/** A condition that must not hold, and the sentence that reports it. */
export type Check = readonly [isBroken: boolean, sentence: string];

/** The sentences of the conditions that hold, in their order. */
export function brokenChecks(checks: readonly Check[]): string[] {
  return checks.flatMap(([isBroken, sentence]) => (isBroken ? [sentence] : []));
}
