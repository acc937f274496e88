/** The text with every control character (line ends too) as a JSON escape: safe for a terminal. */
export function escapeControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
