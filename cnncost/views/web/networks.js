// The data of the page: networks with their layers, and what is chosen of them.

const DATA = JSON.parse(document.getElementById("data").textContent);
const METRICS = DATA.metrics;
const NETWORKS = DATA.networks.map(readNetwork);
const PAIR = NETWORKS.length > 1;

function readNetwork(data, side) {
  const layers = new Map();
  for (const [index, name, output] of data.inputs) {
    layers.set(index, { index, side, name, word: "input", inputs: "", output, costs: {} });
  }
  for (const [index, name, word, inputs, output, counted, ...amounts] of data.layers) {
    const costs = {};
    METRICS.forEach((metric, at) => (costs[metric.key] = readAmount(amounts[at])));
    layers.set(index, {
      index, side, name, counted: counted === 1, costs,
      word: data.words[word], inputs: data.words[inputs], output: data.words[output],
    });
  }
  const totals = {};
  for (const [key, [amount, least]] of Object.entries(data.totals)) {
    totals[key] = { amount: readAmount(amount), least };
  }
  const partners = new Map(DATA.pairs.map((pair) => [pair[side], pair[1 - side]]));
  return { ...data, side, layers, totals, partners };
}

/** List the layers that a table has: all but inputs, in the order of the network. */
function listLayers(network) {
  return [...network.layers.values()].filter((layer) => layer.word !== "input");
}

/** Whether a layer's amount is part of the network's total. */
function isCounted(layer, metric) {
  return layer.word !== "input" && (metric.key !== "units" || layer.counted);
}

/** Add up what layers cost; of bytes that are alive the most counts. */
function sumCosts(layers, metric) {
  const counted = layers.filter((layer) => isCounted(layer, metric));
  const amounts = counted.map((layer) => layer.costs[metric.key]);
  const amount = metric.adds
    ? addAmounts(amounts)
    : amounts.reduce((most, one) => (typeof one === "bigint" && one > most ? one : most), 0n);
  return { amount, least: amounts.includes("?") };
}

// What is chosen: layers of one network, by their indices, and their partners in the other.

const chosen = NETWORKS.map(() => new Set());
const watchers = [];

/** Choose layers, with their partners. */
function choose(side, indices) {
  chosen.forEach((set) => set.clear());
  for (const index of indices) {
    chosen[side].add(index);
    const partner = NETWORKS[side].partners.get(index);
    if (PAIR && partner !== undefined && partner >= 0) chosen[1 - side].add(partner);
  }
  for (const watch of watchers) watch();
}

function addElement(parent, tag, text = "", kind = "") {
  const element = document.createElement(tag);
  if (text !== "") element.textContent = text;
  if (kind) element.className = kind;
  parent.append(element);
  return element;
}

/** Add a button that looks like a link; `act` is told whether a key pressed it. */
function addButton(parent, text, act) {
  const button = addElement(parent, "button", text, "link");
  button.type = "button";
  button.addEventListener("click", (event) => act(event.detail === 0));
  return button;
}
