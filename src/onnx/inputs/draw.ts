/** How the elements of an input are drawn, where the model or its names say more than the type does. */
export type Draw =
  /** All the same. */
  | { readonly kind: "all"; readonly value: number }
  /** One value for each element. */
  | { readonly kind: "list"; readonly values: readonly number[] }
  /** Integers, both ends included. */
  | { readonly kind: "between"; readonly low: number; readonly high: number }
  /** `from`, `from + 1`, ... along the last axis, none above `high`. */
  | { readonly kind: "increasing"; readonly from: number; readonly high: number };
