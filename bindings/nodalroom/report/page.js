"use strict";
(() => {
  const study = JSON.parse(document.getElementById("study").textContent);
  const table = document.getElementById("buses");
  if (!table) return;
  const PAGE = 200;
  const DIGITS = {
    base_kv: [0, 2], headroom_mw: [1, 1], value: [1, 4], limit: [1, 4], factor: [4, 4], thermal_mw: [1, 1],
    voltage_mw: [1, 1], collapse_mw: [1, 1], generation_mw: [1, 1], feasible_mw: [2, 2], violated_mw: [2, 2],
  };
  const NUMERIC = new Set(["bus", "states", ...Object.keys(DIGITS)]);
  const at = Object.fromEntries(study.columns.map((name, i) => [name, i]));
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const find = document.getElementById("find");
  const kind = document.getElementById("kind");
  const count = document.getElementById("count");
  const more = document.getElementById("more");
  let order = { column: "headroom_mw", up: false };
  let rows = study.rows;
  let shown = 0;

  const text = (row, name) => {
    const value = row[at[name]];
    if (value === null) return "–";
    if (value === "inf") return "none";
    if (name === "limit_type") return study.limits[value] || value;
    if (name === "status") return value.replaceAll("_", " ");
    if (typeof value === "number" && name in DIGITS) {
      const perUnit = (name === "value" || name === "limit") && /voltage|collapse/.test(row[at.limit_type]);
      const [least, most] = perUnit ? [4, 4] : name === "value" || name === "limit" ? [1, 1] : DIGITS[name];
      return value.toLocaleString("en", { minimumFractionDigits: least, maximumFractionDigits: most });
    }
    return String(value);
  };

  const key = (row, name) => {
    const value = row[at[name]];
    return value === "inf" ? Infinity : name === "states" ? parseInt(value, 10) : value;
  };

  const compare = (a, b) => {
    const x = key(a, order.column), y = key(b, order.column);
    if (x === null || y === null) return (x === null) - (y === null); // missing last, either way
    const way = typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x < y ? -1 : x > y ? 1 : 0;
    return order.up ? way : -way;
  };

  const show = () => {
    const part = document.createDocumentFragment();
    for (const row of rows.slice(shown, shown + PAGE)) {
      const line = document.createElement("tr");
      for (const name of study.columns) {
        const cell = document.createElement("td");
        if (NUMERIC.has(name)) cell.className = "n";
        if (name === "limit_type") {
          const dot = document.createElement("i");
          dot.className = "dot";
          dot.style.background = study.colours[row[at.limit_type]] || "#999";
          cell.append(dot);
        }
        if (name === "headroom_mw") {
          const strong = document.createElement("b");
          strong.textContent = text(row, name);
          cell.append(strong);
        } else {
          cell.append(text(row, name));
        }
        line.append(cell);
      }
      line.addEventListener("click", () => choose(line, row[at.bus]));
      part.append(line);
    }
    body.append(part);
    shown = Math.min(shown + PAGE, rows.length);
    more.hidden = shown === rows.length;
    count.textContent = `${rows.length.toLocaleString("en")} buses` + (more.hidden ? "" : `, ${shown} shown`);
  };

  const choose = (line, bus) => {
    for (const other of body.querySelectorAll(".chosen")) other.classList.remove("chosen");
    line.classList.add("chosen");
    document.getElementById("witness-bus").textContent = bus;
    document.getElementById("witness").textContent = study.witness.replaceAll("BUS", bus);
  };

  const refresh = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const places = ["bus", "name", "contingency", "element"].map((name) => at[name]);
    rows = study.rows.filter((row) => {
      if (kind.value && row[at.limit_type] !== kind.value) return false;
      const all = places.map((i) => row[i] ?? "").join(" ").toLowerCase();
      return words.every((word) => all.includes(word));
    });
    rows.sort(compare);
    for (const head of heads) {
      if (head.dataset.column === order.column) head.ariaSort = order.up ? "ascending" : "descending";
      else head.removeAttribute("aria-sort");
    }
    body.replaceChildren();
    shown = 0;
    show();
  };

  for (const head of heads) {
    if (NUMERIC.has(head.dataset.column)) head.classList.add("n");
    head.tabIndex = 0;
    const sort = () => {
      const column = head.dataset.column;
      const first = !NUMERIC.has(column) || column === "bus";
      order = { column, up: order.column === column ? !order.up : first };
      refresh();
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
  }
  find.addEventListener("input", refresh);
  kind.addEventListener("change", refresh);
  more.addEventListener("click", show);
  refresh();
})();
