// npm run build:native [-- plain|strict|sanitized]: builds the helper with a C++ compiler alone, as the
// command line does on first use, but stops at warnings; prints where it is.
import { join } from "node:path";
import { buildHelper } from "../dist/runtime/cuda/client/build-helper.js";

const variant = process.argv[2] ?? "strict";
const folder = join(import.meta.dirname, "../build/native");
const built = await buildHelper({ folder, env: process.env, variant });
if (built.ok) {
  process.stdout.write(`${built.value.path}\n`);
} else {
  for (const { code, message, hint, exit, cause } of built.error) {
    process.stderr.write(`error[${code}] ${message}${hint === undefined ? "" : `\n  ${hint}`}\n`);
    if (typeof cause === "string") {
      process.stderr.write(`${cause}\n`);
    }
    process.exitCode = exit;
  }
}
