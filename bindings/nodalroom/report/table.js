// The table of buses: only the rows in its window exist, so ten thousand scroll as ten do.
const table = byId("buses");
const tableWindow = byId("table-window");
const body = table.tBodies[0];
const heads = [...table.tHead.rows[0].cells];
const ROW = 30; // height of a row, px, as in the style
const SPARE = 12;
const PRINTED = 300;
const grid = { rows: [], active: 0, sort: "headroom_mw", up: false, all: false, first: -1, last: -1, printing: false };

// On a narrow page the figures stand beside the bus's number, and what it is comes last.
const isNarrow = matchMedia("(max-width: 720px)");
const isOneColumn = matchMedia("(max-width: 900px)"); // the panel below the map
const FIGURES = ["bus", "headroom_mw", "redispatch_mw"];
const shownColumns = () => {
  const names = study.columns.map(([name]) => name).filter((name) => grid.all || study.first.includes(name));
  if (!isNarrow.matches || grid.printing) return names;
  const rest = names.filter((name) => !FIGURES.includes(name) && (grid.all || !["base_kv", "area"].includes(name)));
  return [...FIGURES.filter((name) => names.includes(name)), ...rest];
};

const sortKey = (row, name) => {
  if (name === "states") return rows.states_solved[row];
  const value = rows[name][row];
  if (value === "inf") return Infinity;
  return name === "limit_type" && value !== null ? limitWord(value) : value;
};
const collator = new Intl.Collator("en", { numeric: true });
const compare = (a, b) => {
  const x = sortKey(a, grid.sort), y = sortKey(b, grid.sort);
  if (x === null || y === null) return (x === null) - (y === null) || a - b; // missing last, either way
  const way = typeof x === "string" ? collator.compare(x, y) : x < y ? -1 : x > y ? 1 : 0;
  return (grid.up ? way : -way) || a - b;
};

const rowElement = (at, columns) => {
  const row = grid.rows[at];
  const element = make("tr", { role: "row", id: `row-${row}`, "aria-rowindex": at + 2, "data-row": row });
  if (row === state.chosen) { element.className = "chosen"; element.setAttribute("aria-selected", "true"); }
  if (at === grid.active) element.classList.add("active");
  for (const name of columns) {
    const text = cellText(row, name);
    const cell = make("td", { class: isNumeric(name) ? "n" : "", role: "gridcell" });
    if (name === "limit_type") cell.append(dot(rows.limit_type[row]));
    if (rows[name]?.[row] === "inf") cell.title = noneUpTo(row);
    cell.append(name === "headroom_mw" || name === "redispatch_mw" ? make("b", {}, text) : text);
    if (name === "value" && past.has(row)) {
      cell.append("*");
      cell.title = "past its limit: the attribution is what is reached";
    } else if (text.length > 16) cell.title = text;
    element.append(cell);
  }
  return element;
};
const spacer = (count) => {
  const element = make("tr", { class: "spacer", "aria-hidden": "true" }, make("td", { colspan: shownColumns().length }));
  element.firstChild.style.height = `${count * ROW}px`;
  return element;
};

const renderRows = (anew = true) => {
  const head = table.tHead.offsetHeight || 40;
  let first = Math.max(0, Math.floor((tableWindow.scrollTop - head) / ROW) - SPARE);
  const height = Math.max(tableWindow.clientHeight, 640); // it grows to this with its rows
  let last = Math.min(grid.rows.length, Math.ceil((tableWindow.scrollTop + height) / ROW) + SPARE);
  if (grid.printing) [first, last] = [0, Math.min(grid.rows.length, PRINTED)];
  if (!anew && first === grid.first && last === grid.last) return;
  [grid.first, grid.last] = [first, last];
  const columns = shownColumns();
  const lines = [];
  if (first > 0) lines.push(spacer(first));
  for (let at = first; at < last; at++) lines.push(rowElement(at, columns));
  if (last < grid.rows.length && !grid.printing) lines.push(spacer(grid.rows.length - last));
  if (!grid.rows.length) lines.push(make("tr", {}, make("td", { colspan: columns.length }, "No bus is left by the filters.")));
  body.replaceChildren(...lines);
  const active = grid.rows[grid.active];
  if (active !== undefined && byId(`row-${active}`)) tableWindow.setAttribute("aria-activedescendant", `row-${active}`);
  else tableWindow.removeAttribute("aria-activedescendant");
};

const showHeads = () => {
  const names = shownColumns(), shown = new Set(names);
  const place = (head) => (shown.has(head.dataset.column) ? names.indexOf(head.dataset.column) : names.length);
  const ordered = [...heads].sort((a, b) => place(a) - place(b));
  const line = table.tHead.rows[0];
  if (ordered.some((head, i) => line.cells[i] !== head)) line.append(...ordered); // else a heading would lose the focus
  for (const head of heads) {
    const name = head.dataset.column;
    head.hidden = !shown.has(name);
    head.classList.toggle("n", isNumeric(name));
    if (name === grid.sort) head.setAttribute("aria-sort", grid.up ? "ascending" : "descending");
    else head.removeAttribute("aria-sort");
  }
  table.classList.toggle("all", grid.all);
  tableWindow.setAttribute("aria-colcount", shown.size);
};

const refreshTable = () => {
  grid.rows = [];
  for (let row = 0; row < rowCount; row++) if (state.left[row]) grid.rows.push(row);
  grid.rows.sort(compare);
  grid.active = Math.min(grid.active, Math.max(grid.rows.length - 1, 0));
  tableWindow.setAttribute("aria-rowcount", grid.rows.length + 1);
  byId("rows").textContent = counted(grid.rows.length, "row", "rows");
  showHeads();
  renderRows();
};

// Brings a place of the list into the window, the head of the table not over it.
const reveal = (at) => {
  const head = table.tHead.offsetHeight;
  const top = at * ROW, view = tableWindow.clientHeight - head;
  if (top < tableWindow.scrollTop) tableWindow.scrollTop = top;
  else if (top + ROW > tableWindow.scrollTop + view) tableWindow.scrollTop = top + ROW - view;
};
const activate = (at) => {
  grid.active = Math.min(Math.max(at, 0), grid.rows.length - 1);
  reveal(grid.active);
  renderRows();
};

for (const head of heads) {
  head.firstElementChild.addEventListener("click", () => {
    const name = head.dataset.column;
    grid.up = grid.sort === name ? !grid.up : !isNumeric(name) || name === "bus" || name === "area";
    grid.sort = name;
    grid.active = 0;
    tableWindow.scrollTop = 0;
    refreshTable();
  });
}
body.addEventListener("click", (event) => {
  const line = event.target.closest("tr[data-row]");
  if (!line) return;
  grid.active = grid.rows.indexOf(Number(line.dataset.row));
  openPanel(Number(line.dataset.row));
  if (isOneColumn.matches) panel.scrollIntoView({ block: "start" });
  else document.querySelector(".stage").scrollIntoView({ block: "nearest" });
});
tableWindow.addEventListener("scroll", () => renderRows(false), { passive: true });
tableWindow.addEventListener("keydown", (event) => {
  if (event.target !== tableWindow || !grid.rows.length) return;
  const page = Math.max(1, Math.floor(tableWindow.clientHeight / ROW) - 2);
  const to = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
  if (to !== undefined && !event.ctrlKey && !event.altKey && !event.metaKey) {
    event.preventDefault();
    activate(grid.active + to);
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    openPanel(grid.rows[grid.active]);
    byId("panel-title")?.focus({ preventScroll: false });
  }
});
isNarrow.addEventListener("change", refreshTable);
byId("columns").addEventListener("click", () => {
  grid.all = !grid.all;
  byId("columns").setAttribute("aria-pressed", grid.all);
  byId("columns").textContent = grid.all ? "Fewer columns" : "All columns";
  refreshTable();
});

// As study.to_csv: empty where missing, inf where there is no such limit.
byId("download").addEventListener("click", () => {
  const quote = (value) => {
    const plain = value === null ? "" : String(value);
    return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  };
  const names = study.columns.map(([name]) => name);
  const cell = (row, name) => (name === "states" ? cellText(row, name) : rows[name][row]);
  const lines = [names, ...grid.rows.map((row) => names.map((name) => cell(row, name)))].map((cells) => cells.map(quote).join(","));
  const link = make("a", { download: study.file });
  link.href = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});

addEventListener("beforeprint", () => {
  grid.printing = true;
  byId("print-note").hidden = grid.rows.length <= PRINTED;
  byId("print-note").textContent = `Printed are the first ${PRINTED} of ${withDigits(grid.rows.length, 0)} rows.`;
  showHeads();
  renderRows();
});
addEventListener("afterprint", () => {
  grid.printing = false;
  byId("print-note").hidden = true;
  showHeads();
  renderRows();
});
