// The timeline: bytes alive while each layer runs, and which they are.

const MOST_ALIVE = 8;

/** List what is alive at a step, the largest first. */
function listAlive(network, step) {
  const { last, sizes, scratch } = network.lives;
  const alive = [];
  for (let i = 0; i <= step; i++) {
    if (last[i] >= step) alive.push([network.layers.get(i).name, BigInt(sizes[i])]);
  }
  if (step in scratch) alive.push([`${network.layers.get(step).name} (temporaries)`, BigInt(scratch[step])]);
  return alive.sort(([, a], [, b]) => (a < b ? 1 : a > b ? -1 : 0));
}

/** Add up the bytes that are alive at each step. */
function listLiveBytes(network) {
  const { last, sizes, scratch } = network.lives;
  const changes = new Array(last.length + 1).fill(0n);
  last.forEach((end, i) => {
    if (end < 0) return;
    changes[i] += BigInt(sizes[i]);
    changes[end + 1] -= BigInt(sizes[i]);
  });
  let live = 0n;
  return last.map((_, i) => {
    live += changes[i];
    return live + BigInt(scratch[i] || 0);
  });
}

class Timeline {
  constructor(network, place, most) {
    Object.assign(this, { network, place, most, live: listLiveBytes(network) });
    this.bar = addElement(place, "div", "", "bars");
    this.said = addElement(place, "p", "", "said");
    this.list = addElement(place, "ul", "", "alive");
    const bar = this.bar;
    bar.innerHTML = this.drawBars();
    bar.tabIndex = 0;
    bar.setAttribute("role", "slider");
    bar.setAttribute("aria-label", "Bytes alive, step by step");
    bar.setAttribute("aria-valuemin", "1");
    bar.setAttribute("aria-valuemax", String(this.live.length));
    bar.addEventListener("pointermove", (event) => this.show(this.findStep(event)));
    bar.addEventListener("click", (event) => choose(network.side, [this.findStep(event)]));
    bar.addEventListener("keydown", (event) => this.press(event));
    this.show(this.findPeak());
  }

  findPeak() {
    return this.live.reduce((best, live, i) => (live > this.live[best] ? i : best), 0);
  }

  findStep(event) {
    const box = this.bar.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return Math.min(Math.max(Math.floor(share * this.live.length), 0), this.live.length - 1);
  }

  press(event) {
    const end = this.live.length - 1;
    const far = Math.max(1, Math.round(end / 10));
    const steps = {
      ArrowLeft: this.step - 1, ArrowDown: this.step - 1, ArrowRight: this.step + 1,
      ArrowUp: this.step + 1, PageDown: this.step - far, PageUp: this.step + far, Home: 0, End: end,
    };
    if (event.key in steps) this.show(Math.min(Math.max(steps[event.key], 0), end));
    else if (event.key === "Enter" || event.key === " ") {
      choose(this.network.side, [this.step]);
      enterPanel(this.bar);
    } else return;
    event.preventDefault();
  }

  /** Draw a bar per step; the picture holds numbers only. */
  drawBars() {
    const path = this.live.map((live, i) => `M${i} 100V${(100 - 100 * findShare(live, this.most)).toFixed(2)}h1V100z`);
    const width = this.live.length;
    return `<svg viewBox="0 0 ${width} 100" preserveAspectRatio="none" aria-hidden="true">`
      + `<g class="marks"></g><path class="live" d="${path.join("")}"/>`
      + `<rect class="cursor" y="0" height="100" width="1"/></svg>`;
  }

  show(step) {
    this.step = step;
    const { network, live } = this;
    const layer = network.layers.get(step);
    this.bar.querySelector(".cursor").setAttribute("x", step);
    const peak = step === this.findPeak() ? ", the peak" : "";
    const least = network.totals.live_bytes.least;
    const text = `${layer.name} (step ${step + 1} of ${live.length}): ${writeAmount(live[step], "bytes", least)} alive${peak}`;
    this.said.textContent = text;
    this.bar.setAttribute("aria-valuenow", String(step + 1));
    this.bar.setAttribute("aria-valuetext", text);
    this.list.replaceChildren();
    const alive = listAlive(network, step);
    for (const [name, bytes] of alive.slice(0, MOST_ALIVE)) this.addAlive(name, bytes);
    const rest = alive.slice(MOST_ALIVE);
    if (rest.length) this.addAlive(`and ${rest.length} more`, addAmounts(rest.map(([, bytes]) => bytes)));
  }

  addAlive(name, bytes) {
    const item = addElement(this.list, "li");
    addElement(item, "span", writeBytes(bytes), "number");
    addElement(item, "span", name);
    item.style.setProperty("--w", `${(100 * findShare(bytes, this.live[this.step])).toFixed(1)}%`);
    item.dataset.bytes = String(bytes);
  }

  mark() {
    const marks = [...chosen[this.network.side]].filter((i) => i < this.live.length);
    const boxes = marks.map((i) => `<rect x="${i}" y="0" width="1" height="100"/>`);
    this.bar.querySelector(".marks").innerHTML = boxes.join("");
  }
}

function setUpTimelines() {
  const places = [...document.querySelectorAll(".timeline")];
  const lives = NETWORKS.map((network) => (network.lives ? listLiveBytes(network) : []));
  const most = lives.flat().reduce((a, b) => (a > b ? a : b), 1n);
  const timelines = places.map((place) => new Timeline(NETWORKS[place.dataset.side], place, most));
  watchers.push(() => timelines.forEach((timeline) => timeline.mark()));
}
