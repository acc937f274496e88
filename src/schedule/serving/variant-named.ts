import type { ServingModel } from "./serving-model.js";

/** The position of a model's variant of that name, also of one that is the same as another; -1: it has none. */
export function variantNamed({ variants }: Pick<ServingModel, "variants">, sought: string): number {
  return variants.findIndex(({ name, also = [] }) => name === sought || also.includes(sought));
}
