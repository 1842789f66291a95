// What is chosen and what the filters leave.
const state = {
  figure: "headroom_mw", // which of the two figures colours, filters and is shown first
  colour: "mw",
  chosen: -1, // row of the table
  number: null, // the bus asked for, also one that was not studied or does not exist
  held: null, // an element: only the buses it holds
  left: new Uint8Array(rowCount).fill(1), // 1: the filters leave this row
  leftCount: rowCount,
};
const listeners = { filter: [], choose: [], colour: [] };
const tell = (what) => { for (const listener of listeners[what]) listener(); };

const fields = Object.fromEntries(
  ["find", "held-by", "kind", "area", "least-kv", "most-kv", "least-mw", "most-mw"].map((id) => [id, byId(id)]),
);

const limitTypeOf = (row) => (state.figure === "redispatch_mw" ? rows.redispatch_limit_type : rows.limit_type)[row];
const stateOf = (row) => (state.figure === "redispatch_mw" ? rows.redispatch_contingency : rows.contingency)[row];
const elementOf = (row) => (state.figure === "redispatch_mw" ? rows.redispatch_element : rows.element)[row];

const holds = (held, row) => {
  if (held.figure === "redispatch_mw") {
    const { columns, start } = study.pairs;
    for (let at = start[row]; at < start[row + 1]; at++) {
      if (columns.element_kind[at] === held.kind && columns.element_row[at] === held.row) return true;
    }
    return false;
  }
  return rows.element_kind[row] === held.kind && rows.element_row[row] === held.row;
};

const within = (value, least, most) => {
  if (least === "" && most === "") return true;
  if (value === null) return false;
  return (least === "" || value >= Number(least)) && (most === "" || value <= Number(most));
};

const wordsIn = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

const filter = () => {
  const value = Object.fromEntries(Object.entries(fields).map(([id, field]) => [id, field.value.trim()]));
  const find = wordsIn(value.find).join(" "), heldBy = wordsIn(value["held-by"]);
  const mw = rows[state.figure];
  state.leftCount = 0;
  for (let row = 0; row < rowCount; row++) {
    let left = within(rows.base_kv[row], value["least-kv"], value["most-kv"]) && within(mw[row], value["least-mw"], value["most-mw"]);
    if (left && value.kind) left = limitTypeOf(row) === value.kind;
    if (left && value.area) left = String(rows.area[row]) === value.area;
    if (left && find) left = `${rows.bus[row]} ${rows.name[row] ?? ""}`.toLowerCase().includes(find);
    if (left && heldBy.length) {
      const text = `${stateOf(row) ?? ""} ${elementOf(row) ?? ""}`.toLowerCase();
      left = heldBy.every((word) => text.includes(word));
    }
    if (left && state.held) left = holds(state.held, row);
    state.left[row] = left ? 1 : 0;
    state.leftCount += left ? 1 : 0;
  }
  const buses = rowCount === 1 ? "bus" : "buses";
  byId("count").textContent =
    state.leftCount === rowCount ? counted(rowCount, "bus", "buses") : `${withDigits(state.leftCount, 0)} of ${withDigits(rowCount, 0)} ${buses}`;
  const chip = byId("held");
  chip.hidden = !state.held;
  chip.textContent = state.held ? `Held by ${state.held.name} ✕` : "";
  chip.title = "Show all buses again";
  tell("filter");
};

// A bus by its number in the case, or null for none.
const chooseNumber = (number) => {
  if (number === state.number) return;
  state.number = number;
  state.chosen = number === null ? -1 : rowOfNumber.get(number) ?? -1;
  const address = number === null ? location.pathname + location.search : `#bus=${number}`;
  try { history.replaceState(null, "", address); } catch { if (number !== null) location.hash = `bus=${number}`; }
  tell("choose");
};
const choose = (row) => chooseNumber(row < 0 ? null : rows.bus[row]);

// The bus of the network that was asked for, or -1.
const busAsked = () => (state.number === null ? -1 : busOfNumber.get(state.number) ?? -1);

const numberInAddress = () => {
  const found = /^#bus=(\d+)$/.exec(location.hash);
  return found ? Number(found[1]) : null;
};

// What the chosen bus's limit is about: branches and buses to mark on the map.
const markedOf = (row) => {
  const marked = { outages: [], outBuses: [], branches: [], buses: [] };
  if (row < 0) return marked;
  const entries = state.figure === "redispatch_mw" ? entriesOf(study.pairs, row) : [Object.fromEntries(
    ["contingency_kind", "contingency_row", "element_kind", "element_row"].map((name) => [name, rows[name][row]]),
  )];
  const put = (list, value) => { if (value !== undefined && !list.includes(value)) list.push(value); };
  for (const entry of entries) {
    if (entry.contingency_kind === "branch") put(marked.outages, branchAtFileRow.get(entry.contingency_row));
    if (entry.contingency_kind === "unit") put(marked.outBuses, network.unit_bus[entry.contingency_row - 1]);
    if (entry.element_kind === "branch") put(marked.branches, branchAtFileRow.get(entry.element_row));
    if (entry.element_kind === "bus") put(marked.buses, busAtFileRow.get(entry.element_row));
  }
  return marked;
};

for (const field of Object.values(fields)) field.addEventListener("input", filter);
byId("reset").addEventListener("click", () => {
  for (const field of Object.values(fields)) field.value = "";
  state.held = null;
  filter();
});
byId("held").addEventListener("click", () => { state.held = null; filter(); });
const figureChoice = byId("figure");
const setFigure = (figure) => {
  if (figureChoice && figure !== state.figure) {
    state.figure = figureChoice.value = figure;
    tell("colour");
    filter();
  }
};
if (figureChoice) figureChoice.addEventListener("change", () => setFigure(figureChoice.value));
byId("colour").addEventListener("change", () => { state.colour = byId("colour").value; tell("colour"); });
