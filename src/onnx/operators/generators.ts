/** Operators that make tensors from sizes and seeds alone. */
import * as evaluate from "../evaluate/reduction.js";
import { bernoulli } from "../infer/elementwise.js";
import * as infer from "../infer/generation.js";
import type { InferRule } from "../infer/node-call.js";
import { none } from "../work/movement.js";
import { alike, type OperatorTable, type OperatorType } from "./operator-type.js";

function random(types: InferRule): OperatorType {
  return {
    form: "movement",
    infer: types,
    work: none,
    isRandom: true,
    gpuRefusal: "random numbers differ from run to run, so outputs could not be checked",
  };
}

/** Rows of the generators. */
export const GENERATORS: OperatorTable = {
  Constant: { form: "movement", infer: infer.constantNode, work: none },
  ConstantOfShape: {
    form: "movement",
    infer: infer.constantOfShape,
    work: none,
    evaluate: evaluate.constantOfShape,
  },
  Range: { form: "movement", infer: infer.range, work: none, evaluate: evaluate.range },
  "com.microsoft:Range": { form: "movement", infer: infer.range, work: none },
  EyeLike: { form: "movement", infer: infer.eyeLike, work: none },
  ...alike("RandomNormal RandomUniform", random(infer.random)),
  ...alike("RandomNormalLike RandomUniformLike", random(infer.randomLike)),
  Multinomial: random(infer.multinomial),
  Bernoulli: random(bernoulli),
};
