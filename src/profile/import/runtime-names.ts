/** Names of nodes in the names that ONNX Runtime gives to the kernels of its optimized model. */

const LAYOUT = /^(.*)_nchwc(?:_token_\d+)?$/s;
const FUSED = /^fused /;
/** What fusions append to the name of a node: `/LayerNormFusion/`, `/MatMulAddFusion`. */
const FUSION = /\/(?:\w*Fusion\w*)?$/;
const TOKEN = /_token_\d+$/;

/**
 * Readings of a kernel's name: what may be the name of the node that a kernel was made from, or of a tensor that it writes: its own
 * name; `X` of `X_nchwc`, as the layout pass calls the node that wrote `X`; and what is left of it without what
 * fusions add.
 */
export function namesOfKernel(name: string): readonly (readonly string[])[] {
  const layout = LAYOUT.exec(name)?.[1];
  const names = [name, ...(layout === undefined ? [] : [layout])];
  let rest = name.replace(FUSED, "").replace(TOKEN, "");
  for (let before = ""; rest !== before; rest = rest.replace(FUSION, "")) {
    names.push(rest);
    before = rest;
  }
  return [...new Set(names)].map((each) => [each]);
}
