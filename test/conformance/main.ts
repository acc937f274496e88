// ONNX's node tests against lowering: `npm run conformance -- FOLDER`; docs/testing.md says how to get the folder.
import { compareAll } from "./compare-all.js";

const [, , folder = process.env["ONNX_NODE_TESTS"]] = process.argv;
if (folder === undefined) {
  throw new Error("usage: npm run conformance -- FOLDER");
}
const { counts, folded, news, closed } = await compareAll(folder);
const lines = [
  ...news,
  ...closed.map((name) => `no gap any more, or not there: ${name}`),
  ...[...counts].sort().map(([kind, count]) => `${kind} ${count}`),
  `folded outputs ${folded}`,
];
process.stdout.write(`${lines.join("\n")}\n`);
process.exitCode = news.length === 0 ? 0 : 1;
