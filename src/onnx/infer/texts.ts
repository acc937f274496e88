/** Text, and images in files. */
import { broadcast } from "./broadcast.js";
import { tensor } from "./fact.js";
import type { InferRule } from "./node-call.js";

/** Texts joined in pairs. */
export const concatenated: InferRule = (call) => [
  tensor("string", broadcast(call, [call.dims(0), call.dims(1)])),
];

/** Pieces along a new last axis, as many as the text with most has; and how many each has. */
export const split: InferRule = (call) => {
  const dims = call.dims(0);
  return [tensor("string", dims && [...dims, undefined]), tensor("int64", dims)];
};

/** Texts that are stop words are dropped: the last size stays only where there are none. */
export const normalized: InferRule = (call) => {
  const dims = call.dims(0);
  const stops = call.attribute("stopwords", "strings")?.value.length ?? 0;
  const isKept = stops === 0 || dims === undefined;
  return [tensor("string", isKept ? dims : [...dims.slice(0, -1), undefined])];
};

/** A weight for each n-gram that the attributes list, for each row. */
export const termFrequencies: InferRule = (call) => {
  const dims = call.dims(0);
  const places = call.ints("ngram_indexes");
  const width = places && Math.max(...places) + 1;
  return [tensor("float32", dims && [...dims.slice(0, -1), width])];
};

/** Height and width stand in the file. */
export const image: InferRule = (call) => {
  const channels = call.text("pixel_format") === "Grayscale" ? 1 : 3;
  return [tensor("uint8", [undefined, undefined, channels])];
};
