import { expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import { warmParameters } from "../../../../src/launcher/marl/warm-parameters.js";
import { graphNetwork, parameterCount } from "../../../../src/learn/graph-network.js";
import { initialParameters } from "../../../../src/learn/initial-parameters.js";
import { linksOfAll } from "../../../../src/learn/links-of-all.js";

const SHAPE = { features: 3, hidden: 4, layers: 1, outputs: 2 };
const NODES = 3;

/** Hidden unit 1 hands the first feature on, the others do nothing, although unit 2 is read. */
function prior(): Float64Array {
  const parameters = new Float64Array(parameterCount(SHAPE));
  parameters[1] = 1;
  const read = 3 * SHAPE.features * SHAPE.hidden + SHAPE.hidden;
  parameters.set([0.5, -0.25, 0.125, 1, 2, 3], read);
  parameters.set([0.75, -0.5], read + (SHAPE.features + 1) * SHAPE.outputs);
  parameters.set([9, 9], read + (SHAPE.features + 2) * SHAPE.outputs);
  parameters[parameters.length - 1] = 0.5;
  return parameters;
}

it("answers as before, and has no hidden unit that does nothing", () => {
  const random = seededRandom(4);
  const warm = warmParameters(SHAPE, prior(), random);
  const network = graphNetwork(SHAPE, NODES, linksOfAll(1, NODES));
  for (let time = 0; time < 20; time++) {
    const rows = Float64Array.from({ length: NODES * SHAPE.features }, () => random.between(-1, 1));
    const before = network.forward(prior(), rows).slice();
    expect(network.forward(warm, rows)).toEqual(before);
  }
  for (let unit = 0; unit < SHAPE.hidden; unit++) {
    const own = Array.from(
      { length: 3 * SHAPE.features },
      (_, row) => warm[row * SHAPE.hidden + unit]!,
    );
    expect(own.filter((each) => each !== 0).length).toBe(unit === 1 ? 1 : 3 * SHAPE.features);
  }
});

it("is where training starts where nothing is known", () => {
  const zeros = new Float64Array(parameterCount(SHAPE));
  const fresh = initialParameters(SHAPE, seededRandom(1));
  expect(warmParameters(SHAPE, zeros, seededRandom(1))).toEqual(fresh);
});
