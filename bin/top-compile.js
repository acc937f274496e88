#!/usr/bin/env node
// While the program is being loaded, and until it hears signals itself, a signal ends it.
const untilReady = [
  ["SIGINT", () => process.exit(130)],
  ["SIGTERM", () => process.exit(143)],
  ["SIGHUP", () => process.exit(129)],
];
for (const [signal, quit] of untilReady) {
  process.on(signal, quit);
}
const { launch } = await import("../dist/cli/launch.js");

process.exitCode = await launch(process.argv.slice(2), () => {
  for (const [signal, quit] of untilReady) {
    process.off(signal, quit);
  }
});
