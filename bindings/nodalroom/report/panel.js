// The bus chosen: its limits, what stops it, and how sure that is.
const panel = byId("panel");
const MOST_PAIRS = 12;

const witnessOf = (bus) => `${study.witness[0]} ${bus} witness_${bus}.m ${study.witness[1]}`.trimEnd();
const redispatchWitnessOf = (bus) => `${study.redispatch_witness[0]} ${bus} witness_${bus}.m ${study.redispatch_witness[1]}`.trimEnd();

const pairList = (...pairs) => make("dl", { class: "facts" }, ...pairs.filter(Boolean).map(([name, ...value]) => make("div", {}, make("dt", {}, name), make("dd", {}, ...value))));
const smallTable = (heads, lines, caption) => make(
  "div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
  make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col", class: head.startsWith("#") ? "n" : "" }, head.replace("#", ""))))),
    make("tbody", {}, ...lines.map((cells) => make("tr", {}, ...cells.map((cell, i) => make("td", { class: heads[i].startsWith("#") ? "n" : "" }, cell)))))),
);
const command = (text) => {
  const copy = make("button", { type: "button", class: "small" }, "Copy");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      copy.textContent = "Marked: copy it";
    }
  });
  const code = make("pre", {}, text);
  return make("div", { class: "command" }, code, copy);
};

// MW by limit type: bars up to the largest of them, which is said.
const limitBars = (row) => {
  const kinds = [["Thermal", "thermal_mw", "thermal"], ["Voltage", "voltage_mw", "low_voltage"], ["Collapse", "collapse_mw", "collapse"], ["Spare generation", "generation_mw", "generation"]];
  const finite = kinds.map(([, name]) => rows[name][row]).filter((value) => typeof value === "number");
  const top = finite.reduce((largest, value) => Math.max(largest, value), 1);
  const scale = finite.length ? make("p", { class: "note" }, `Bars from 0 to ${megawatts(top)} MW.`) : "";
  return make("div", { class: "bars" }, scale, ...kinds.map(([word, name, limit]) => {
    const value = rows[name][row];
    const bar = make("i", {});
    bar.style.width = typeof value === "number" ? `${(100 * value) / top}%` : "0";
    bar.style.background = study.colours[limit];
    if (value === "inf") return make("div", { class: "bar-line", "data-limit": name }, make("span", {}, word), make("b", { class: "far" }, noneUpTo(row)));
    const text = value === null ? "–" : `${megawatts(value)} MW`;
    return make("div", { class: "bar-line", "data-limit": name }, make("span", {}, word), make("span", { class: "track" }, bar), make("b", {}, text));
  }));
};

const bindingPart = (row) => {
  const limit = rows.limit_type[row];
  if (limit === "none") return [make("h3", {}, "What stops it"), make("p", {}, `Nothing up to the cap of ${megawatts(study.max_mw, 0)} MW.`)];
  const unit = unitOf(limit);
  const outage = rows.contingency[row] === "intact" ? "in the intact grid" : `after the outage of ${rows.contingency[row]}`;
  const facts = [
    ["Limit", dot(limit), limitWord(limit)],
    ["State", whole(outage)],
    ["Element", whole(rows.element[row] ?? "–")],
    ["Value there", `${ofLimit(rows.value[row], limit)} ${unit}${past.has(row) ? "*" : ""}`],
    rows.limit[row] === null ? null : ["Limit is", `${ofLimit(rows.limit[row], limit)} ${unit}`],
    rows.value_without_load[row] === null ? null : ["Without the load", `${ofLimit(rows.value_without_load[row], limit)} ${unit}`],
    rows.factor[row] === null ? null : ["Growth per MW", `${cellText(row, "factor")} ${unit}`],
  ];
  const why = overWithoutLoad.has(row)
    ? "* Past its limit without any new load, and the load adds to it."
    : "* Past its limit: the limit was passed at a smaller load or before any; what is reached is the attribution, from which on it counts.";
  const star = past.has(row) ? make("p", { class: "note" }, why) : null;
  return [make("h3", {}, "What stops the next MW"), pairList(...facts), star];
};

const certificatePart = (row) => {
  const solved = rows.states_solved[row], total = rows.states_total[row];
  const sure = rows.certified[row]
    ? "Certified: every state was AC-solved just below the answer and found clean."
    : "Screened: the others were ruled out by a screen whose allowance is an estimate.";
  return [
    make("h3", {}, "How sure"),
    pairList(
      ["Clean at", `${megawatts(rows.feasible_mw[row], 2)} MW`],
      ["Broken at", rows.violated_mw[row] === null ? "not seen" : `${megawatts(rows.violated_mw[row], 2)} MW`],
      ["States solved", `${withDigits(solved, 0)} of ${withDigits(total, 0)}`],
    ),
    make("p", { class: "note" }, total ? sure : ""),
  ];
};

const redispatchPart = (row) => {
  if (!hasRedispatch) return [];
  const status = rows.redispatch_status[row];
  const pairs = entriesOf(study.pairs, row), units = entriesOf(study.units, row);
  const found = [
    make("h3", {}, "With redispatch"),
    pairList(
      ["Fits", `${megawatts(rows.redispatch_mw[row])} MW`],
      ["Bound", `${megawatts(rows.redispatch_bound_mw[row])} MW`],
      ["Status", `${inWords(status)}${study.redispatch_statuses[status] ? `: ${study.redispatch_statuses[status]}` : ""}`],
      ["Moved beside the rule", `${megawatts(rows.redispatch_moved_mw[row])} MW`],
      ["States solved", `${rows.redispatch_states_solved[row]} of ${rows.states_total[row]}${rows.redispatch_certified[row] ? ", certified" : ""}`],
    ),
  ];
  if (pairs.length) {
    found.push(make("h4", {}, pairs.length === 1 ? "The pair that holds it" : "Pairs that hold it, most worth first"), smallTable(
      ["Element", "#Worth", "#Limit is", "Limit", "State"],
      pairs.slice(0, MOST_PAIRS).map((pair) => [
        whole(pair.element ?? "–"),
        pair.shadow_price === null ? "–" : `${withDigits(pair.shadow_price, Math.abs(pair.shadow_price) < 10 ? 3 : 0)} ${pair.shadow_price_unit ?? ""}`,
        make("span", {}, ofLimit(pair.limit, pair.limit_type), pair.rating === null ? null : make("small", {}, `rating ${shortest(pair.rating)}`)),
        limitWord(pair.limit_type), whole(pair.contingency ?? "–"),
      ]), "Pairs that hold redispatch headroom"));
    if (pairs.some((pair) => pair.rating !== null)) found.push(make("p", { class: "note" }, "Where a rating stands beside it, the limit is what the element may carry there before the load counts as adding to it."));
    if (pairs.length > MOST_PAIRS) found.push(make("p", { class: "note" }, `and ${pairs.length - MOST_PAIRS} more`));
  }
  if (units.length) {
    found.push(make("h4", {}, "Units that move"), smallTable(
      ["Unit", "#Moved MW", "#Found MW", "#Rule MW", "#Case MW"],
      units.map((unit) => [unit.unit, ...["moved_mw", "p_mw", "rule_mw", "case_mw"].map((name) => megawatts(unit[name]))]), "Units that move"));
    const more = study.units.more[row];
    if (more > 0) found.push(make("p", { class: "note" }, `and ${more} more (study.redispatch_units)`));
  }
  return found;
};

const closeButton = () => make("button", { type: "button", class: "close", "aria-label": "Close", onclick: closePanel }, "✕");
const panelHead = (number, name) => make("div", { class: "panel-head" }, make("h3", { tabindex: "-1", id: "panel-title" }, `Bus ${number}`, name ? make("small", {}, name) : null), closeButton());
const placeText = (kv, area) => [kv === null ? null : `${shortest(kv)} kV`, `area ${area}`].filter(Boolean).join(", ");

// A bus without a row: not studied, or not there.
const showWithoutRow = () => {
  const bus = busAsked();
  if (bus < 0) {
    panel.replaceChildren(panelHead(state.number, null), make("p", {}, "There is no such bus in this case."));
    return;
  }
  const why = study.complete ? "" : ", and was interrupted before it had all of them";
  panel.replaceChildren(
    panelHead(state.number, network.name[bus]), make("p", { class: "note" }, placeText(network.kv[bus], network.area[bus])),
    make("p", {}, `Not studied, so there is no figure for it: this study is of ${study.studied}${why}.`),
  );
};

const showPanel = () => {
  const row = state.chosen;
  panel.hidden = state.number === null;
  byId("zoom-bound").hidden = row < 0;
  document.querySelector(".stage").classList.toggle("open", !panel.hidden);
  if (panel.hidden) { panel.replaceChildren(); return; }
  if (row < 0) { showWithoutRow(); return; }
  const bus = rows.bus[row], status = rows.status[row];
  const figures = make("div", { class: "big" },
    make("div", { "data-figure": "headroom_mw" }, make("b", {}, `${megawatts(rows.headroom_mw[row])} MW`), make("span", {}, hasRedispatch ? "by the fixed rule" : "of new load fit")));
  if (hasRedispatch) figures.append(make("div", { "data-figure": "redispatch_mw" }, make("b", {}, `${megawatts(rows.redispatch_mw[row])} MW`), make("span", {}, "with redispatch")));
  const parts = [
    panelHead(bus, rows.name[row]),
    make("p", { class: "note" }, placeText(rows.base_kv[row], rows.area[row]), rows.radial_feed[row] ? `; fed by ${rows.radial_feed[row]} alone, whose outage is not simulated` : ""),
    figures,
    make("p", {}, `${inWords(status)}: ${study.statuses[status] ?? ""}`),
    ...bindingPart(row),
    make("h3", {}, "First limit of each type"), limitBars(row),
    ...certificatePart(row),
    ...redispatchPart(row),
    make("h3", {}, "Witness"),
    make("p", { class: "note" }, "Writes the grid at this limit as a case file, for any power-flow tool:"),
    command(witnessOf(bus)),
  ];
  if (hasRedispatch && rows.redispatch_mw[row] !== null) parts.push(make("p", { class: "note" }, "With the dispatch found:"), command(redispatchWitnessOf(bus)));
  panel.replaceChildren(...parts.filter(Boolean));
  panel.scrollTop = 0;
  byId("witness-bus").textContent = bus;
  byId("witness").textContent = witnessOf(bus);
};

let before = null; // where the focus was when the panel opened
const closePanel = () => {
  choose(-1);
  if (before && document.contains(before)) before.focus();
  before = null;
};
const openNumber = (number) => {
  if (document.activeElement && !panel.contains(document.activeElement)) before = document.activeElement;
  chooseNumber(number);
};
const openPanel = (row) => openNumber(rows.bus[row]);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && state.number !== null && !(event.target.matches?.("input[type=search]") && event.target.value)) closePanel();
});
