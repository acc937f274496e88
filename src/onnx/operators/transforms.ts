/** Fourier transforms, their companions, and determinants. */
import { likeFirst } from "../infer/elementwise.js";
import { window } from "../infer/generation.js";
import * as images from "../infer/image.js";
import { det as detTypes } from "../infer/matrix.js";
import { none } from "../work/movement.js";
import { det, inverse } from "../work/products.js";
import * as work from "../work/reductions.js";
import { alike, type OperatorTable } from "./operator-type.js";

/** Rows of the transforms. */
export const TRANSFORMS: OperatorTable = {
  DFT: { form: "transform", infer: images.dft, work: work.dft },
  "com.microsoft:Rfft": { form: "transform", infer: images.rfft, work: work.realDft("input") },
  "com.microsoft:Irfft": { form: "transform", infer: images.irfft, work: work.realDft("output") },
  STFT: { form: "transform", infer: images.stft, work: work.stft },
  MelWeightMatrix: { form: "movement", infer: images.melWeightMatrix, work: none },
  ...alike("HannWindow HammingWindow BlackmanWindow", {
    form: "movement",
    infer: window,
    work: none,
  }),
  "com.microsoft:Inverse": { form: "transform", infer: likeFirst, work: inverse },
  Det: { form: "transform", infer: detTypes, work: det },
};
