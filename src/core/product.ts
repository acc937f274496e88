/** The product of sizes, such as the elements of a tensor of these dims; 1 for a scalar. */
export function productOf(sizes: readonly number[]): number {
  let product = 1;
  for (const size of sizes) {
    product *= size;
  }
  return product;
}
