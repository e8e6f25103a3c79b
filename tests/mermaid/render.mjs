// Renders each diagram of a JSON array on standard input; prints the text of its nodes and edges, or the error.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html><body></body>", { pretendToBeVisual: true });
for (const name of ["window", "document", "Element", "HTMLElement", "SVGElement", "Node", "DOMParser", "XMLSerializer",
                    "CSSStyleSheet"]) {
  globalThis[name] = name === "window" ? window : window[name];
}
globalThis.CSSStyleSheet ??= class { replaceSync() {} get cssRules() { return []; } };
// jsdom lays nothing out; any box will do, since only what is said is looked at.
window.SVGElement.prototype.getBBox = () => ({ x: 0, y: 0, width: 80, height: 20 });
window.SVGElement.prototype.getComputedTextLength = () => 80;

const { default: mermaid } = await import("mermaid");
mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
const texts = (root, selector) => [...root.querySelectorAll(selector)].map((node) => node.textContent.trim());
const results = [];
for (const [number, text] of JSON.parse(readFileSync(0, "utf8")).entries()) {
  try {
    const { svg } = await mermaid.render(`diagram${number}`, text);
    const root = new JSDOM(svg).window.document;
    results.push({ nodes: texts(root, ".node .nodeLabel"), edges: texts(root, ".edgeLabel .edgeLabel p") });
  } catch (error) {
    results.push({ error: String(error) });
  }
}
console.log(JSON.stringify(results));
