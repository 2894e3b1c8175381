// The table of layers: sorted by any column, with a row for what is not shown.

const TABLE = { every: false, changed: false, column: -1, up: false };

/** Make the rows: one per layer, or one per pair of layers, of which one may be missing. */
function listRows() {
  if (!PAIR) return listLayers(NETWORKS[0]).map((layer) => [layer]);
  return DATA.pairs.map(([first, second, differs]) => {
    const row = [first, second].map((index, side) => NETWORKS[side].layers.get(index) || null);
    return Object.assign(row, { differs });
  });
}

const ROWS = listRows();

function readCost(layer, metric) {
  return layer ? layer.costs[metric.key] : null;
}

/** Join what differs between the layers of a row. */
function joinTexts(row, read) {
  return [...new Set(row.filter(Boolean).map(read))].join(" \u2192 ");
}

function listColumns() {
  const words = [
    { title: "layer", text: (row) => joinTexts(row, (layer) => layer.name) },
    { title: "type", text: (row) => joinTexts(row, (layer) => layer.word) },
    { title: "output", text: (row) => joinTexts(row, (layer) => layer.output) },
  ];
  const shown = METRICS.filter((metric) => !PAIR || metric.paired);
  return [...words, ...shown.flatMap((metric) => (PAIR ? pairColumns(metric) : [costColumn(metric, 0)]))];
}

function costColumn(metric, side) {
  const letter = PAIR ? ` ${"AB"[side]}` : "";
  return {
    title: metric.title + letter, about: metric.text, metric, side,
    value: (row) => readCost(row[side], metric),
    text: (row) => writeAmount(readCost(row[side], metric), metric.kind),
  };
}

function pairColumns(metric) {
  const change = {
    title: "%", about: `change of ${metric.title}`, change: true,
    value: (row) => compareCosts(row, metric, (a, b) => (a === 0n ? b : ((b - a) * 1000000n) / a)),
    text: (row) => {
      if (!row[0] || !row[1]) return row[1] ? "new" : "gone";
      const found = compareCosts(row, metric, writeChange);
      return found === null ? "?" : found;
    },
  };
  return [costColumn(metric, 0), costColumn(metric, 1), change];
}

function compareCosts(row, metric, compare) {
  const [a, b] = row.map((layer) => readCost(layer, metric));
  return typeof a === "bigint" && typeof b === "bigint" ? compare(a, b) : null;
}

const COLUMNS = listColumns();

function listShown() {
  const rows = ROWS.filter((row) =>
    (TABLE.every || row.some((layer) => layer && layer.counted))
    && (!TABLE.changed || row.differs));
  const column = COLUMNS[TABLE.column];
  if (!column) return rows;
  const order = column.value ? compareAmounts : (a, b) => a.localeCompare(b, "en", { numeric: true });
  const read = column.value || column.text;
  return rows.map((row) => [read(row), row])
    .sort(([a], [b]) => (TABLE.up ? order(a, b) : order(b, a)))
    .map(([, row]) => row);
}

/** Order amounts; none and unknown ones are the least. */
function compareAmounts(a, b) {
  const [x, y] = [a, b].map((one) => (typeof one === "bigint" ? one : null));
  if (x === null || y === null) return (x === null ? 0 : 1) - (y === null ? 0 : 1);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Sort by a column: the largest first, then the smallest, then in the order of the network. */
function sortBy(at) {
  const first = !COLUMNS[at].value;
  if (TABLE.column !== at) Object.assign(TABLE, { column: at, up: first });
  else if (TABLE.up === first) TABLE.up = !first;
  else TABLE.column = -1;
  showTable();
}

function showTable() {
  const table = document.querySelector("#layers table");
  table.querySelectorAll("thead th").forEach((cell, at) => {
    const sorted = at !== TABLE.column ? "none" : TABLE.up ? "ascending" : "descending";
    cell.setAttribute("aria-sort", sorted);
  });
  const rows = listShown();
  const body = document.createElement("tbody");
  for (const row of rows) addRow(body, row);
  const foot = document.createElement("tfoot");
  addRest(foot, rows);
  addTotal(foot);
  table.tBodies[0].replaceWith(body);
  table.tFoot.replaceWith(foot);
  markRows();
}

function addRow(body, row) {
  const line = addElement(body, "tr");
  const side = row[0] ? 0 : 1;
  line.dataset.layers = row.map((layer) => (layer ? layer.index : "")).join(" ");
  line.classList.toggle("quiet", !row.some((layer) => layer && layer.counted));
  COLUMNS.forEach((column, at) => {
    const cell = addElement(line, at ? "td" : "th", at ? column.text(row) : "");
    if (at === 0) {
      cell.scope = "row";
      const button = addButton(cell, column.text(row), (byKey) => {
        choose(side, [row[side].index]);
        if (byKey) enterPanel(button);
      });
    }
    if (!column.value) return;
    cell.className = "number";
    const layer = column.metric && row[column.side];
    if (!layer || !isCounted(layer, column.metric)) return;
    const total = NETWORKS[column.side].totals[column.metric.key].amount;
    cell.style.setProperty("--w", `${(100 * findShare(column.value(row), total)).toFixed(1)}%`);
  });
}

/** Add a row for the layers that are not shown, and what belongs to none, if they cost anything. */
function addRest(foot, rows) {
  const rests = COLUMNS.map((column) => {
    if (!column.metric || !column.metric.adds) return null;
    const layers = rows.map((row) => row[column.side]).filter(Boolean);
    return NETWORKS[column.side].totals[column.metric.key].amount - sumCosts(layers, column.metric).amount;
  });
  if (rests.every((rest) => !rest)) return;
  const line = addElement(foot, "tr");
  COLUMNS.forEach((column, at) => {
    const text = at ? (rests[at] ? writeAmount(rests[at], column.metric.kind) : "") : "others";
    addElement(line, "td", text, column.value ? "number" : "");
  });
}

function addTotal(foot) {
  const line = addElement(foot, "tr", "", "total");
  COLUMNS.forEach((column, at) => {
    const cell = addElement(line, "td", at ? "" : "total", column.value ? "number" : "");
    if (column.metric) {
      const { amount, least } = NETWORKS[column.side].totals[column.metric.key];
      cell.textContent = writeAmount(amount, column.metric.kind, least);
      if (!column.metric.adds) cell.title = "the peak";
    } else if (column.change) {
      const [a, b] = NETWORKS.map((network) => network.totals[COLUMNS[at - 1].metric.key]);
      cell.textContent = a.least || b.least ? "?" : writeChange(a.amount, b.amount);
    }
  });
}

function markRows() {
  for (const line of document.querySelectorAll("#layers tbody tr")) {
    const indices = line.dataset.layers.split(" ");
    const marked = indices.some((index, side) => index !== "" && chosen[side].has(Number(index)));
    line.classList.toggle("chosen", marked);
  }
}

function addCheckbox(parent, text, key) {
  const label = addElement(parent, "label");
  const input = addElement(label, "input");
  Object.assign(input, { type: "checkbox", name: key });
  input.addEventListener("change", () => {
    TABLE[key] = input.checked;
    showTable();
  });
  label.append(text);
}

function setUpTable() {
  const section = document.getElementById("layers");
  const controls = addElement(section, "p", "", "controls");
  addCheckbox(controls, "layers without weights too", "every");
  if (PAIR) addCheckbox(controls, "only layers that differ", "changed");
  const table = addElement(addElement(section, "div", "", "scroll"), "table");
  const head = addElement(addElement(table, "thead"), "tr");
  COLUMNS.forEach((column, at) => {
    const cell = addElement(head, "th", "", column.value ? "number" : "");
    cell.scope = "col";
    if (column.about) cell.title = column.about;
    addButton(cell, column.title, () => sortBy(at));
  });
  addElement(table, "tbody");
  addElement(table, "tfoot");
  showTable();
  watchers.push(markRows);
}
