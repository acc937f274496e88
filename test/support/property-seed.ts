/**
 * Properties are tried on the same random inputs wherever and whenever the tests run, so that they tell of
 * the change at hand. `TEST_SEED=random` tries others, `TEST_SEED=N` those of a seed that failed.
 */
import fc from "fast-check";

const { TEST_SEED } = process.env;
if (TEST_SEED !== "random") {
  fc.configureGlobal({ seed: Number(TEST_SEED ?? 1) });
}
