import { type Shape, text } from "../core/json-shape.js";

/** The name of an operator, as the model has it. */
export const OPERATOR_NAME: Shape<string> = text(65_536).named("name");
