/** A share in percent with one decimal, never rounded up to a whole: 94.96 % is 94.9 %. */
export function formatPercent(share: number): string {
  return `${Math.floor(share * 1000) / 10} %`;
}
