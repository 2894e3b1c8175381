// The figure: its parts can be chosen, and coloured by what they cost.

const FIGURE = document.getElementById("figure");

function listPartLayers(network, number) {
  return network.parts[number][1].map((index) => network.layers.get(index)).filter(Boolean);
}

/** Say what a part is and costs in one line. */
function describePart(network, number, metric) {
  const [name] = network.parts[number];
  const layers = listPartLayers(network, number);
  const words = [`${name}: ${layers.length === 1 ? layers[0].word : `${layers.length} layers`}`];
  if (layers.length) words.push(layers[layers.length - 1].output);
  for (const one of metric ? [metric] : METRICS.filter((m) => m.paired)) {
    const { amount, least } = sumCosts(layers, one);
    const total = network.totals[one.key].amount;
    words.push(`${writeAmount(amount, one.kind, least)} ${one.title} (${writePercent(amount, total)})`);
  }
  return words.join(", ");
}

function setUpPart(network, group, said) {
  const number = Number(group.dataset.p);
  const [, members] = network.parts[number];
  group.setAttribute("role", "button");
  group.setAttribute("aria-label", describePart(network, number));
  group.setAttribute("tabindex", "-1");
  const tell = () => (said.textContent = describePart(network, number, heat.metric));
  const act = () => choose(network.side, members);
  group.addEventListener("pointerenter", tell);
  group.addEventListener("focus", tell);
  group.addEventListener("click", act);
  group.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      act();
      enterPanel(group);
    } else if (!moveFocus(group, event.key)) return;
    event.preventDefault();
  });
}

/** Move from part to part with the arrows; one part at a time is in the order of Tab. */
function moveFocus(group, key) {
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  if (!(key in steps) && key !== "Home" && key !== "End") return false;
  const parts = [...group.ownerSVGElement.querySelectorAll(".p")];
  let at = parts.indexOf(group) + (steps[key] || 0);
  if (key === "Home") at = 0;
  if (key === "End") at = parts.length - 1;
  const next = parts[Math.min(Math.max(at, 0), parts.length - 1)];
  group.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
  return true;
}

// Heat: from white, for nothing, to the strongest colour, for the part with the most.

const heat = { metric: null };

function findMost(metric) {
  let most = 0n;
  for (const network of NETWORKS) {
    network.parts.forEach((_, number) => {
      const { amount } = sumCosts(listPartLayers(network, number), metric);
      if (amount > most) most = amount;
    });
  }
  return most;
}

function showHeat(metric) {
  heat.metric = metric;
  FIGURE.classList.toggle("heat", metric !== null);
  const most = metric && findMost(metric);
  for (const group of FIGURE.querySelectorAll("g.p")) {
    const network = NETWORKS[group.closest("figure").dataset.side];
    group.classList.remove("unknown");
    if (!metric) continue;
    const { amount, least } = sumCosts(listPartLayers(network, Number(group.dataset.p)), metric);
    group.style.setProperty("--h", `${(100 * findShare(amount, most)).toFixed(1)}%`);
    group.classList.toggle("unknown", least);
  }
  const scale = FIGURE.querySelector(".scale");
  scale.hidden = metric === null;
  if (metric) scale.querySelector(".most").textContent = `${writeAmount(most, metric.kind)} ${metric.title}`;
}

function addHeatControl() {
  const box = document.createElement("fieldset");
  FIGURE.querySelector(".sides").before(box);
  addElement(box, "legend", "Colour by");
  const metrics = METRICS.filter((metric) => metric.adds);
  for (const metric of [null, ...metrics]) {
    const label = addElement(box, "label");
    const input = addElement(label, "input");
    Object.assign(input, { type: "radio", name: "heat", value: metric ? metric.key : "kind" });
    input.checked = metric === null;
    input.addEventListener("change", () => showHeat(metric));
    label.append(metric ? metric.title : "kind");
    if (metric) label.title = metric.text;
  }
  const scale = addElement(box, "span", "", "scale");
  scale.hidden = true;
  addElement(scale, "span", "0");
  addElement(scale, "span", "", "ramp");
  addElement(scale, "span", "", "most");
}

function setUpFigures() {
  if (!FIGURE) return;
  addHeatControl();
  const said = addElement(FIGURE, "p", "Point at a part, or choose it.", "said");
  said.setAttribute("role", "status");
  for (const picture of FIGURE.querySelectorAll("svg")) {
    const network = NETWORKS[picture.closest("figure").dataset.side];
    const groups = picture.querySelectorAll("g.p");
    groups.forEach((group) => setUpPart(network, group, said));
    if (groups.length) groups[0].setAttribute("tabindex", "0");
  }
  watchers.push(markParts);
}

/** Mark the parts that are chosen, that hold what is chosen, or that are in it. */
function markParts() {
  for (const group of FIGURE.querySelectorAll("g.p")) {
    const side = Number(group.closest("figure").dataset.side);
    const members = new Set(NETWORKS[side].parts[Number(group.dataset.p)][1]);
    const set = chosen[side];
    const common = [...set].filter((index) => members.has(index)).length;
    const holds = common > 0 && (common === set.size || common === members.size);
    group.classList.toggle("chosen", holds);
  }
}
