/** What keys mean on a timeline. */

/** What to do. */
export type TimelineKey =
  | { readonly kind: "zoom"; readonly isIn: boolean }
  | { readonly kind: "move" | "step" | "lane"; readonly by: -1 | 1 }
  | { readonly kind: "closer" | "all" | "leave" };

/** The meaning of a key; `undefined`: it is the browser's. */
export function keyOf({
  key,
  shiftKey,
  ctrlKey,
  metaKey,
  altKey,
}: Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">):
  | TimelineKey
  | undefined {
  if (ctrlKey || metaKey || altKey) {
    return undefined;
  }
  switch (key) {
    case "+":
    case "=":
      return { kind: "zoom", isIn: true };
    case "-":
      return { kind: "zoom", isIn: false };
    case "ArrowLeft":
      return { kind: shiftKey ? "move" : "step", by: -1 };
    case "ArrowRight":
      return { kind: shiftKey ? "move" : "step", by: 1 };
    case "ArrowUp":
      return { kind: "lane", by: -1 };
    case "ArrowDown":
      return { kind: "lane", by: 1 };
    case "Enter":
      return { kind: "closer" };
    case "Home":
      return { kind: "all" };
    case "Escape":
      return { kind: "leave" };
    default:
      return undefined;
  }
}
