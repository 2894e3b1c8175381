// Parses Mermaid files with Mermaid itself. Beside this file or above: npm install mermaid jsdom
//   for name in alexnet resnet50; do cnncost convert $name $name.mmd; done
//   node mermaid_parse.mjs *.mmd
import { readFileSync } from "fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html><body></body>");
globalThis.window = window;
globalThis.document = window.document;
const mermaid = (await import("mermaid")).default;

let refused = 0;
for (const file of process.argv.slice(2)) {
  try {
    const { diagramType } = await mermaid.parse(readFileSync(file, "utf8"));
    console.log(`${file}: ${diagramType}`);
  } catch (error) {
    refused += 1;
    console.log(`${file}: refused: ${error.message}`);
  }
}
process.exit(refused ? 1 : 0);
