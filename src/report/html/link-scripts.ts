import { InternalError } from "../../core/invariant.js";

/** An import of names under their own names from a file beside or above. */
const IMPORT = /^import\s+\{([^}]*)\}\s+from\s+"(\.[^"]+)";\n/gm;
const EXPORT = /^export (?=(?:async )?function |const |class )/gm;
const NO_EXPORT = /^export \{\};\n/gm;
const DECLARED = /^(?:async )?(?:function|const|let|class) ([\w$]+)/gm;

/**
 * Compiled modules as one script, each after those that it imports, so that the page needs no modules: those
 * cannot be loaded from inside of a page under a strict policy.
 *
 * `read` returns the text of a module by its name, such as `report/html/page/main.js`. All names at the top of
 * the modules share one scope, so each may be declared in one module only.
 * Throws `InternalError` for modules that this does not understand: they are ours.
 */
export function linkScripts(read: (name: string) => string, entry: string): string {
  const texts = new Map<string, string>();
  const visited = new Set<string>();
  const visit = (name: string): void => {
    visited.add(name);
    const source = read(name);
    const names = [...source.matchAll(IMPORT)].map(([, list = "", path = ""]) => {
      if (/\bas\b/.test(list)) {
        throw new InternalError(`${name} imports a name under another name`);
      }
      return pathFrom(name, path);
    });
    for (const each of names) {
      if (!visited.has(each)) {
        visit(each);
      }
    }
    texts.set(name, plainScript(source, name));
  };
  visit(entry);
  checkNames(texts);
  return `"use strict";(()=>{\n${[...texts.values()].join("")}})();\n`;
}

function pathFrom(name: string, path: string): string {
  return new URL(path, `file:///${name}`).pathname.slice(1);
}

function plainScript(source: string, name: string): string {
  const text = source.replace(IMPORT, "").replace(NO_EXPORT, "").replace(EXPORT, "");
  if (/^(?:import|export)\b/m.test(text)) {
    throw new InternalError(`${name} imports or exports in a way that linking does not know`);
  }
  return text;
}

function checkNames(texts: ReadonlyMap<string, string>): void {
  const owners = new Map<string, string>();
  for (const [name, text] of texts) {
    for (const [, declared = ""] of text.matchAll(DECLARED)) {
      const owner = owners.get(declared);
      if (owner !== undefined) {
        throw new InternalError(`${declared} is declared in ${owner} and in ${name}`);
      }
      owners.set(declared, name);
    }
  }
}
