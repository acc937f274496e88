/** Fourier transforms, their companions, and determinants. */
import { window } from "../infer/generation.js";
import * as images from "../infer/image.js";
import { det as detTypes } from "../infer/matrix.js";
import { none } from "../work/movement.js";
import { det } from "../work/products.js";
import * as work from "../work/reductions.js";
import { alike, type OperatorTable } from "./operator-type.js";

/** Rows of the transforms. */
export const TRANSFORMS: OperatorTable = {
  DFT: { form: "transform", infer: images.dft, work: work.dft },
  STFT: { form: "transform", infer: images.stft, work: work.stft },
  MelWeightMatrix: { form: "movement", infer: images.melWeightMatrix, work: none },
  ...alike("HannWindow HammingWindow BlackmanWindow", {
    form: "movement",
    infer: window,
    work: none,
  }),
  Det: { form: "transform", infer: detTypes, work: det },
};
