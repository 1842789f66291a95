// The network on a canvas.
const canvas = byId("map");
const pen = canvas.getContext("2d");
const MARGIN = 26;
const LABELS = 90; // more buses than this in view have no names
const view = { scale: 1, x: 0, y: 0, width: 0, height: 0, hover: -1, fitted: 1 };
const screenX = (x) => (x - view.x) * view.scale + view.width / 2;
const screenY = (y) => view.height / 2 - (y - view.y) * view.scale;
let waiting = false;
const redraw = () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
};

const boxOf = (buses) => {
  const box = { left: Infinity, right: -Infinity, low: Infinity, high: -Infinity };
  for (const bus of buses) {
    box.left = Math.min(box.left, network.x[bus]);
    box.right = Math.max(box.right, network.x[bus]);
    box.low = Math.min(box.low, network.y[bus]);
    box.high = Math.max(box.high, network.y[bus]);
  }
  return box;
};
const everyBus = Array.from({ length: busCount }, (_, bus) => bus);
const fullBox = boxOf(everyBus);
const scaleFor = (box, margin) => Math.min(
  (view.width - 2 * margin) / Math.max(box.right - box.left, 1e-12),
  (view.height - 2 * margin) / Math.max(box.high - box.low, 1e-12),
);
const fit = (buses, most = 14) => {
  const box = buses ? boxOf(buses) : fullBox;
  const whole = scaleFor(fullBox, MARGIN);
  view.fitted = fullBox.right > fullBox.left || fullBox.high > fullBox.low ? whole : 1;
  view.scale = buses ? Math.min(scaleFor(box, 84), view.fitted * most) : view.fitted;
  view.x = (box.left + box.right) / 2;
  view.y = (box.low + box.high) / 2;
  redraw();
};
const zoom = (factor, atX = view.width / 2, atY = view.height / 2) => {
  const scale = Math.min(Math.max(view.scale * factor, view.fitted * 0.5), view.fitted * 400);
  const x = view.x + (atX - view.width / 2) / view.scale, y = view.y - (atY - view.height / 2) / view.scale;
  view.x = x - (atX - view.width / 2) / scale;
  view.y = y + (atY - view.height / 2) / scale;
  view.scale = scale;
  redraw();
};
const move = (right, down) => {
  view.x += right / view.scale;
  view.y -= down / view.scale;
  // The network never leaves the window altogether.
  view.x = Math.min(Math.max(view.x, fullBox.left), fullBox.right);
  view.y = Math.min(Math.max(view.y, fullBox.low), fullBox.high);
  redraw();
};

const topKv = network.kv.reduce((top, kv) => Math.max(top, kv ?? 0), 1); // as arguments, buses would be too many for some browsers
const sizeOf = Float32Array.from(network.kv, (kv) => 0.75 + 0.5 * Math.sqrt((kv ?? topKv / 2) / topKv));
const typical = Math.sqrt(((fullBox.right - fullBox.left || 1) * (fullBox.high - fullBox.low || 1)) / busCount);
const radius = () => Math.min(Math.max(0.22 * typical * view.scale, 1.9), 8);

const resize = () => {
  const sharp = window.devicePixelRatio || 1;
  const first = view.width === 0;
  const wasFitted = Math.abs(view.scale - view.fitted) < 1e-9 * view.fitted;
  view.width = canvas.clientWidth;
  view.height = canvas.clientHeight;
  if (!view.width || !view.height) return;
  canvas.width = Math.round(view.width * sharp);
  canvas.height = Math.round(view.height * sharp);
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  if (first || wasFitted) fit();
  else draw(); // at once: a canvas is empty after its size was set
};

const isInView = (bus) => {
  const x = screenX(network.x[bus]), y = screenY(network.y[bus]);
  return x > 0 && x < view.width && y > 0 && y < view.height;
};

const line = (branch) => {
  const a = network.from[branch], b = network.to[branch];
  pen.moveTo(screenX(network.x[a]), screenY(network.y[a]));
  pen.lineTo(screenX(network.x[b]), screenY(network.y[b]));
};

const drawBranches = (thick) => {
  const mode = theme.isDark() ? "dark" : "light";
  for (let level = -1; level < LOADINGS.length; level++) {
    pen.beginPath();
    let some = false;
    for (let branch = 0; branch < branchCount; branch++) {
      if (loadingClass[branch] !== level) continue;
      const a = network.from[branch], b = network.to[branch];
      const x1 = screenX(network.x[a]), x2 = screenX(network.x[b]), y1 = screenY(network.y[a]), y2 = screenY(network.y[b]);
      if ((x1 < 0 && x2 < 0) || (y1 < 0 && y2 < 0) || (x1 > view.width && x2 > view.width) || (y1 > view.height && y2 > view.height)) continue;
      pen.moveTo(x1, y1);
      pen.lineTo(x2, y2);
      some = true;
    }
    if (!some) continue;
    const entry = LOADINGS[Math.max(level, 0)];
    pen.setLineDash(level < 0 ? [3, 4] : []);
    pen.strokeStyle = entry[mode];
    pen.lineWidth = entry.width * thick;
    pen.stroke();
  }
  pen.setLineDash([]);
};

// Buses of one colour and kind are one path: ten thousand are drawn in a few milliseconds.
const drawBuses = (size) => {
  const ink = inks();
  const groups = new Map();
  for (let bus = 0; bus < busCount; bus++) {
    if (!isInView(bus)) continue;
    const row = network.row[bus];
    let key = "quiet";
    if (row >= 0 && state.left[row]) {
      const at = classOf(row);
      key = state.colour === "limit" ? study.colours[limitTypeOf(row)] || "#999" : at < 0 ? "none" : at === 0 ? "nothing" : classColours[at - 1];
    } else if (row >= 0) key = "filtered";
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(bus);
  }
  const order = ["quiet", "filtered", "none"];
  const keys = [...groups.keys()].sort((a, b) => order.indexOf(b) - order.indexOf(a) || 0);
  keys.sort((a, b) => (order.includes(b) ? 1 : 0) - (order.includes(a) ? 1 : 0));
  for (const key of keys) {
    const pale = order.includes(key), out = key === "filtered";
    pen.beginPath();
    for (const bus of groups.get(key)) {
      const x = screenX(network.x[bus]), y = screenY(network.y[bus]);
      const r = out ? Math.max(size * sizeOf[bus] * 0.6, 1.6) : size * sizeOf[bus] * (pale ? 0.55 : 1);
      pen.moveTo(x + r, y);
      pen.arc(x, y, r, 0, 2 * Math.PI);
    }
    if (out) {
      pen.fillStyle = ink.paper;
      pen.strokeStyle = ink.leftOut;
      pen.lineWidth = Math.min(Math.max(size / 5, 0.7), 1.2);
      pen.setLineDash(size > 4 ? [2.2, 1.6] : []);
      pen.fill();
      pen.stroke();
      pen.setLineDash([]);
      continue;
    }
    pen.fillStyle = pale ? ink.quiet : key === "nothing" ? ink.paper : key;
    pen.strokeStyle = key === "nothing" ? nothingColour() : ink.outline;
    pen.lineWidth = key === "nothing" ? Math.max(1.6, size / 3) : Math.min(size / 5, 1);
    pen.fill();
    if (!pale && (size > 2.4 || key === "nothing")) pen.stroke();
  }
  if (size > 3 && network.placed.includes(1)) {
    pen.setLineDash([1.5, 2]);
    pen.strokeStyle = ink.ink;
    pen.lineWidth = 1;
    for (const bus of everyBus) {
      if (network.placed[bus] !== 1 || !isInView(bus)) continue;
      pen.beginPath();
      pen.arc(screenX(network.x[bus]), screenY(network.y[bus]), size * sizeOf[bus] + 2, 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.setLineDash([]);
  }
};

const fontOf = (bold) => `${bold ? "600 13px" : "12px"} system-ui, sans-serif`;
const write = (text, left, below, colour, bold) => {
  pen.font = fontOf(bold);
  pen.lineWidth = 4;
  pen.lineJoin = "round";
  pen.strokeStyle = inks().halo;
  pen.strokeText(text, left, below);
  pen.fillStyle = colour;
  pen.fillText(text, left, below);
};
const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

// Where labels of what is marked stand: around their point, where they lie over the fewest buses, and not on each other.
const WAYS = [[1, -0.5], [1, 0.5], [-1, -0.5], [-1, 0.5], [0, -1], [0, 1], [1, 0], [-1, 0]];
const placedLabels = (wanted, size, seen) => {
  const placed = [];
  pen.font = fontOf(true);
  for (const { text, x, y, gap, colour } of wanted) {
    const width = pen.measureText(text).width;
    let best = null;
    for (const [ring, reach] of [gap, gap + 14, gap + 30, gap + 50].entries()) {
      for (const [order, [right, down]] of WAYS.entries()) {
        const away = right === 0 || down === 0 ? 1 : 0.8;
        const left = x + right * reach * away + (right > 0 ? 0 : right < 0 ? -width : -width / 2);
        const middleY = y + down * reach * away + (right === 0 ? down * 7 : 0);
        const box = { left: left - 2, right: left + width + 2, top: middleY - 9, bottom: middleY + 9 };
        let cost = 0.9 * ring + 0.02 * order;
        if (box.left < 2 || box.right > view.width - 2 || box.top < 2 || box.bottom > view.height - 2) cost += 40;
        for (const other of placed) if (meet(box, other.box)) cost += 8;
        for (const bus of seen) {
          const r = size * sizeOf[bus] + 1, bx = screenX(network.x[bus]), by = screenY(network.y[bus]);
          if (bx + r > box.left && bx - r < box.right && by + r > box.top && by - r < box.bottom) cost += 1;
        }
        if (best === null || cost < best.cost) best = { cost, text, colour, box, left, below: middleY + 4.5, x, y, far: ring > 0, gap };
      }
    }
    if (best.cost > 39) {
      best.left = Math.min(Math.max(best.left, 4), Math.max(view.width - width - 4, 4));
      best.below = Math.min(Math.max(best.below, 14), view.height - 6);
    }
    placed.push(best);
  }
  return placed;
};
const drawLabels = (labels) => {
  for (const { text, colour, box, left, below, x, y, far, gap } of labels) {
    if (far) { // a line from what it is about
      const toX = Math.min(Math.max(x, box.left), box.right), toY = Math.min(Math.max(y, box.top), box.bottom);
      const length = Math.hypot(toX - x, toY - y) || 1;
      pen.beginPath();
      pen.moveTo(x + ((toX - x) * (gap - 4)) / length, y + ((toY - y) * (gap - 4)) / length);
      pen.lineTo(toX, toY);
      pen.strokeStyle = colour;
      pen.lineWidth = 1.2;
      pen.stroke();
    }
    write(text, left, below, colour, true);
  }
};

const drawNames = (size, named, labels, seen) => {
  if (seen.length > LABELS) return;
  pen.font = fontOf(false);
  for (const bus of seen) {
    if (named.includes(bus)) continue;
    const text = String(network.bus[bus]);
    const left = screenX(network.x[bus]) + size + 3, below = screenY(network.y[bus]) + 4;
    const box = { left, right: left + pen.measureText(text).width, top: below - 11, bottom: below + 3 };
    if (!labels.some((label) => meet(box, label.box))) write(text, left, below, inks().text, false);
  }
};

const ring = (bus, reach, colour, width) => {
  pen.beginPath();
  pen.arc(screenX(network.x[bus]), screenY(network.y[bus]), reach, 0, 2 * Math.PI);
  pen.strokeStyle = inks().halo;
  pen.lineWidth = width + 3;
  pen.stroke();
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke();
};
const mark = (branch, colour, width, dash) => {
  pen.beginPath();
  line(branch);
  pen.setLineDash([]);
  pen.strokeStyle = inks().halo;
  pen.lineWidth = width + 4;
  pen.stroke();
  pen.setLineDash(dash);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke();
  pen.setLineDash([]);
};
const middle = (branch) => {
  const a = network.from[branch], b = network.to[branch];
  return [screenX((network.x[a] + network.x[b]) / 2), screenY((network.y[a] + network.y[b]) / 2)];
};
const cross = (x, y, colour) => {
  for (const [ink, width] of [[inks().halo, 6], [colour, 3]]) {
    pen.beginPath();
    for (const way of [1, -1]) {
      pen.moveTo(x - 6, y - 6 * way);
      pen.lineTo(x + 6, y + 6 * way);
    }
    pen.strokeStyle = ink;
    pen.lineWidth = width;
    pen.stroke();
  }
};

// Branches are marked under the buses, all else above them.
const drawMarkedBranches = ({ outages, branches }) => {
  const ink = inks();
  const held = state.held?.kind === "branch" ? branchAtFileRow.get(state.held.row) : undefined;
  if (held !== undefined) mark(held, ink.bound, 4.5, []);
  for (const branch of branches) mark(branch, ink.bound, 4.5, []);
  for (const branch of outages) mark(branch, ink.outage, 3.5, [8, 5]);
};
const drawMarks = (size, { outages, outBuses, branches, buses }) => {
  const ink = inks();
  if (state.held?.kind === "bus" && busAtFileRow.has(state.held.row)) ring(busAtFileRow.get(state.held.row), size + 7, ink.bound, 3);
  for (const bus of buses) ring(bus, size + 7, ink.bound, 3);
  for (const branch of outages) cross(...middle(branch), ink.outage);
  for (const bus of outBuses) cross(screenX(network.x[bus]), screenY(network.y[bus]), ink.outage);
  const at = busAsked();
  if (at >= 0) ring(at, size + 3.5, ink.ink, 2.5);
  if (view.hover >= 0) ring(view.hover, size + 3, ink.ink, 1.5);
};

const labelsOf = ({ outages, outBuses, branches, buses }, size) => {
  const ink = inks(), at = busAsked(), wanted = [];
  const put = (text, x, y, gap, colour) => { if (x > 0 && x < view.width && y > 0 && y < view.height) wanted.push({ text, x, y, gap, colour }); };
  const place = (bus) => [screenX(network.x[bus]), screenY(network.y[bus])];
  if (at >= 0) put(`bus ${network.bus[at]}${buses.includes(at) ? ", limit" : ""}`, ...place(at), size + 9, ink.text);
  if (outages.length + branches.length + buses.length + outBuses.length > 8) return wanted;
  for (const bus of buses) if (bus !== at) put(`limit at ${network.bus[bus]}`, ...place(bus), size + 12, ink.bound);
  for (const branch of branches) put("limit", ...middle(branch), 10, ink.bound);
  for (const branch of outages) put("outage", ...middle(branch), 11, ink.outage);
  for (const bus of outBuses) put("unit out", ...place(bus), size + 10, ink.outage);
  return wanted;
};

const draw = () => {
  if (!view.width) return;
  const ink = inks();
  const size = radius();
  pen.fillStyle = ink.paper;
  pen.fillRect(0, 0, view.width, view.height);
  drawBranches(size > 5 ? 1.5 : size > 2.5 ? 1 : 0.7);
  const marked = markedOf(state.chosen);
  drawMarkedBranches(marked);
  drawBuses(size);
  const seen = everyBus.filter(isInView);
  const labels = placedLabels(labelsOf(marked, size), size, seen);
  drawNames(size, [...marked.buses, busAsked()], labels, seen);
  drawMarks(size, marked);
  drawLabels(labels);
  if (canvas.matches(":focus-visible")) {
    pen.strokeStyle = ink.ink;
    pen.lineWidth = 1;
    pen.beginPath();
    for (const [dx, dy] of [[9, 0], [-9, 0], [0, 9], [0, -9]]) {
      pen.moveTo(view.width / 2 + dx / 3, view.height / 2 + dy / 3);
      pen.lineTo(view.width / 2 + dx, view.height / 2 + dy);
    }
    pen.stroke();
  }
};
