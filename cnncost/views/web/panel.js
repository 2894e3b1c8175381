// The panel: what is chosen, its shares, and the working of each number.

const PANEL = document.getElementById("panel");
let entrance = null;

/** Move the focus into the panel, from an element to which Escape leads back. */
function enterPanel(from) {
  entrance = from;
  PANEL.focus({ preventScroll: true });
}

function leavePanel() {
  choose(0, []);
  if (entrance) entrance.focus();
  entrance = null;
}

function addShares(parent, network, layers) {
  const table = addElement(addElement(parent, "div", "", "scroll"), "table");
  for (const metric of METRICS) {
    const { amount, least } = sumCosts(layers, metric);
    const alone = layers.length === 1 ? layers[0].costs[metric.key] : undefined;
    const line = addElement(table, "tr");
    addElement(line, "th", metric.title).scope = "row";
    addElement(line, "td", alone === undefined ? writeAmount(amount, metric.kind, least)
      : writeAmount(alone, metric.kind), "number");
    const total = network.totals[metric.key];
    const inTotal = layers.some((layer) => isCounted(layer, metric)) && alone !== "?";
    const of = total.least ? "of what is known" : metric.adds ? "of all" : "of the peak";
    addElement(line, "td", inTotal ? `${writePercent(amount, total.amount)} ${of}` : "not in the total");
  }
}

function addWorking(parent, network, layer) {
  const lines = network.workings && network.workings[layer.index];
  if (!lines) {
    const asked = network.workings ? "cnncost explain --all" : "cnncost explain";
    if (layer.word !== "input") addElement(parent, "p", `Its working: ${asked}.`, "quiet");
    return;
  }
  const list = addElement(parent, "dl", "", "working");
  for (const [quantity, working, words] of lines.map((line) => line.map((at) => network.words[at]))) {
    addElement(list, "dt", quantity);
    addElement(list, "dd", working);
    if (words) addElement(list, "dd", words, "quiet");
  }
}

/** Show one layer as `explain` does. */
function addLayer(parent, network, layer) {
  const read = layer.inputs ? `${layer.inputs} \u2192 ${layer.output}` : layer.output;
  addElement(parent, "h3", layer.name);
  addElement(parent, "p", `${layer.word}, ${read}`);
  if (layer.word !== "input") addShares(parent, network, [layer]);
  addWorking(parent, network, layer);
}

/** Show several layers: their sums, and each by its name. */
function addLayers(parent, network, layers, title) {
  addElement(parent, "h3", title || `${layers.length} layers`);
  const [first, last] = [layers[0], layers[layers.length - 1]];
  addElement(parent, "p", `${layers.length} layers, ${first.inputs} \u2192 ${last.output}`);
  addShares(parent, network, layers);
  const metric = heat.metric || METRICS.find((one) => one.key === "connections");
  addElement(parent, "p", `Each layer's ${metric.title}:`, "quiet");
  const list = addElement(parent, "ul", "", "members");
  for (const layer of layers) {
    const item = addElement(list, "li");
    addButton(item, layer.name, () => choose(network.side, [layer.index]));
    addElement(item, "span", writeAmount(layer.costs[metric.key] ?? null, metric.kind), "number");
  }
}

/** Name the part of the figure that consists of these layers; empty if there is none. */
function namePart(network, layers) {
  const indices = new Set(layers.map((layer) => layer.index));
  const part = network.parts.find(([, members]) =>
    members.length === indices.size && members.every((index) => indices.has(index)));
  return part ? part[0] : "";
}

function showPanel() {
  const inside = PANEL.contains(document.activeElement);
  PANEL.replaceChildren();
  if (inside) PANEL.focus({ preventScroll: true });
  else entrance = null;
  document.body.classList.toggle("open", chosen.some((set) => set.size > 0));
  addButton(PANEL, "close", leavePanel).classList.add("close");
  NETWORKS.forEach((network) => {
    const layers = [...chosen[network.side]].sort((a, b) => a - b)
      .map((index) => network.layers.get(index)).filter(Boolean);
    if (PAIR) addElement(PANEL, "h2", network.label);
    if (!layers.length) addElement(PANEL, "p", PAIR ? "No layer of it." : HINT, "quiet");
    else if (layers.length === 1) addLayer(PANEL, network, layers[0]);
    else addLayers(PANEL, network, layers, namePart(network, layers));
  });
}

const HINT = "Choose a layer in the figure, in the table or in the timeline: its shapes, its share of "
  + "each cost and the working of its numbers stand here.";

setUpFigures();
setUpTable();
setUpTimelines();
addElement(PANEL, "p", HINT, "quiet");
watchers.push(showPanel);
PANEL.addEventListener("keydown", (event) => {
  if (event.key === "Escape") leavePanel();
});
