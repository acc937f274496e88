import { describe, expect, it } from "vitest";
import { escapeText, html, scriptJson } from "../../../../src/report/html/markup.js";

describe("html", () => {
  it("escapes texts and numbers, and not markup", () => {
    const inner = html`<b title="${`"'`}">${"<i>&"}</b>`;
    expect(html`<p>${inner}${7}${[html`<br>`, inner]}</p>`.markup).toBe(
      `<p><b title="&quot;&#39;">&lt;i&gt;&amp;</b>7<br><b title="&quot;&#39;">&lt;i&gt;&amp;</b></p>`,
    );
  });

  it("keeps backslashes and dollars of texts", () => {
    expect(html`${"a\\n$&$1"}`.markup).toBe("a\\n$&amp;$1");
  });

  it("shows what cannot be seen", () => {
    expect(escapeText("a\u202eb\u0000c\ud800")).toBe("a\\u202eb\\u0000c\\ud800");
  });
});

describe("scriptJson", () => {
  it.each(["</script>", "<!--", "<SCRIPT", "\u2028]]>", 'a"b\\'])("holds no < for %s", (text) => {
    const json = scriptJson({ [text]: [text] });
    expect(json).not.toContain("<");
    expect(JSON.parse(json)).toEqual({ [text]: [text] });
  });
});
