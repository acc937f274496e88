/**
 * The difference between a measurement and its prediction, as a share if it is small, else as a
 * factor. Requires: both positive.
 */
export function comparePrediction(predictedNs: number, measuredNs: number): string {
  const ratio = measuredNs / predictedNs;
  const factor = Math.max(ratio, 1 / ratio);
  const word = ratio >= 1 ? "longer" : "shorter";
  return factor >= 2
    ? `measured ${factor.toFixed(1)} times ${word}`
    : `measured ${(Math.abs(ratio - 1) * 100).toFixed(1)} % ${word}`;
}
