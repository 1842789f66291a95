// Mouse, touch and keyboard on the map.
const tip = byId("tip");
const REACH = 14;

const busNear = (x, y, reach = REACH) => {
  let best = -1, least = reach * reach;
  for (let bus = 0; bus < busCount; bus++) {
    const dx = screenX(network.x[bus]) - x, dy = screenY(network.y[bus]) - y;
    // A bus that the filters leave out is a second choice.
    const away = (dx * dx + dy * dy) * (network.row[bus] >= 0 && state.left[network.row[bus]] ? 1 : 3);
    if (away < least) { least = away; best = bus; }
  }
  return best;
};
const branchNear = (x, y) => {
  let best = -1, least = 36;
  for (let branch = 0; branch < branchCount; branch++) {
    const x1 = screenX(network.x[network.from[branch]]), y1 = screenY(network.y[network.from[branch]]);
    const dx = screenX(network.x[network.to[branch]]) - x1, dy = screenY(network.y[network.to[branch]]) - y1;
    const along = Math.min(Math.max(((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1), 0), 1);
    const away = (x1 + along * dx - x) ** 2 + (y1 + along * dy - y) ** 2;
    if (away < least) { least = away; best = branch; }
  }
  return best;
};

const busLines = (bus) => {
  const row = network.row[bus];
  const lines = [`Bus ${network.bus[bus]}${network.name[bus] ? ` ${network.name[bus]}` : ""}`];
  lines.push([network.kv[bus] === null ? null : `${shortest(network.kv[bus])} kV`, `area ${network.area[bus]}`].filter(Boolean).join(", "));
  if (row < 0) return [...lines, "not studied"];
  lines.push(`${megawatts(rows.headroom_mw[row])} MW${hasRedispatch ? " by the fixed rule" : ""}: ${limitWord(rows.limit_type[row])}`);
  if (hasRedispatch) lines.push(`${megawatts(rows.redispatch_mw[row])} MW with redispatch`);
  if (rows.element[row]) lines.push(`${rows.contingency[row] === "intact" ? "intact" : `after ${rows.contingency[row]}`}, at ${rows.element[row]}`);
  return lines;
};
const branchLines = (branch) => {
  const lines = [network.branch[branch]];
  if (!network.on[branch]) return [...lines, "out of service"];
  const mva = network.mva[branch], rate = network.rate[branch], percent = network.percent[branch];
  if (mva !== null) lines.push(`${megawatts(mva)} MVA${rate === null ? ", no rating" : ` of ${megawatts(rate)} MVA, ${megawatts(percent)} %`}`);
  return lines;
};
const showTip = (lines, x, y) => {
  tip.replaceChildren(...lines.map((text, i) => make(i ? "span" : "b", {}, text)));
  tip.hidden = false;
  const left = x + 16 + tip.offsetWidth > view.width ? x - tip.offsetWidth - 12 : x + 16;
  const top = y + 16 + tip.offsetHeight > view.height ? y - tip.offsetHeight - 12 : y + 16;
  tip.style.left = `${Math.max(left, 2)}px`;
  tip.style.top = `${Math.max(top, 2)}px`;
};
const hideTip = () => {
  tip.hidden = true;
  if (view.hover >= 0) { view.hover = -1; redraw(); }
};
const hover = (x, y) => {
  const bus = busNear(x, y);
  if (bus !== view.hover) { view.hover = bus; redraw(); }
  canvas.style.cursor = bus >= 0 ? "pointer" : "";
  const branch = bus >= 0 ? -1 : branchNear(x, y);
  if (bus >= 0) showTip(busLines(bus), x, y);
  else if (branch >= 0) showTip(branchLines(branch), x, y);
  else tip.hidden = true;
};

const fingers = new Map();
let travelled = 0;
const placeOf = (event) => {
  const box = canvas.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
};
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, placeOf(event));
  if (fingers.size === 1) travelled = 0;
});
canvas.addEventListener("pointermove", (event) => {
  const now = placeOf(event), before = fingers.get(event.pointerId);
  if (!before) { hover(now.x, now.y); return; }
  if (fingers.size === 1) {
    travelled += Math.hypot(now.x - before.x, now.y - before.y);
    if (travelled > 5) { hideTip(); move(before.x - now.x, before.y - now.y); }
  } else {
    const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
    const apart = (place) => Math.hypot(place.x - other.x, place.y - other.y);
    travelled = Infinity;
    if (apart(before) > 1) zoom(apart(now) / apart(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
    move((before.x - now.x) / 2, (before.y - now.y) / 2);
  }
  fingers.set(event.pointerId, now);
});
canvas.addEventListener("pointerup", (event) => {
  const place = placeOf(event);
  if (fingers.size === 1 && travelled <= 5) {
    const bus = busNear(place.x, place.y, event.pointerType === "touch" ? 24 : REACH);
    if (bus >= 0) chooseNumber(network.bus[bus]);
    else if (event.pointerType === "touch") hover(place.x, place.y);
  }
  fingers.delete(event.pointerId);
});
canvas.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId));
canvas.addEventListener("pointerleave", hideTip);
canvas.addEventListener("dblclick", (event) => { const { x, y } = placeOf(event); zoom(2, x, y); });
canvas.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && document.activeElement !== canvas) return; // the page scrolls
  event.preventDefault();
  const { x, y } = placeOf(event);
  hideTip();
  zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : event.ctrlKey ? 0.006 : 0.0018)), x, y);
}, { passive: false });

canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = event.shiftKey ? 160 : 60;
  const moves = {
    ArrowLeft: () => move(-step, 0), ArrowRight: () => move(step, 0), ArrowUp: () => move(0, -step), ArrowDown: () => move(0, step),
    "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: () => fit(),
    Enter: () => {
      const studied = everyBus.filter((bus) => network.row[bus] >= 0 && state.left[network.row[bus]]);
      const away = (bus) => Math.hypot(screenX(network.x[bus]) - view.width / 2, screenY(network.y[bus]) - view.height / 2);
      const nearest = studied.reduce((best, bus) => (best < 0 || away(bus) < away(best) ? bus : best), -1);
      if (nearest >= 0) choose(network.row[nearest]);
    },
  };
  if (!moves[event.key]) return;
  event.preventDefault();
  moves[event.key]();
});
canvas.addEventListener("focus", redraw);
canvas.addEventListener("blur", redraw);

byId("zoom-in").addEventListener("click", () => zoom(1.5));
byId("zoom-out").addEventListener("click", () => zoom(1 / 1.5));
byId("zoom-all").addEventListener("click", () => fit());
// The bus and what stops it, with some of what lies around them.
const fitBound = () => {
  if (canvas.clientWidth !== view.width || canvas.clientHeight !== view.height) resize(); // the panel may just have opened
  const { outages, outBuses, branches, buses } = markedOf(state.chosen);
  const ends = [...outages, ...branches].flatMap((branch) => [network.from[branch], network.to[branch]]);
  fit([busOfRow[state.chosen], ...buses, ...outBuses, ...ends].filter((bus) => bus >= 0));
};
byId("zoom-bound").addEventListener("click", fitBound);
