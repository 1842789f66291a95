"use strict";
(() => {
  const study = JSON.parse(document.getElementById("study").textContent);
  const table = document.getElementById("buses");
  if (!table) return;
  const PAGE = 200;
  const DIGITS = {
    base_kv: [0, 2], headroom_mw: [1, 1], value: [1, 4], limit: [1, 4], value_without_load: [1, 4],
    factor: [4, 4], thermal_mw: [1, 1],
    redispatch_mw: [1, 1], redispatch_bound_mw: [1, 1], redispatch_moved_mw: [1, 1],
    voltage_mw: [1, 1], collapse_mw: [1, 1], generation_mw: [1, 1], feasible_mw: [2, 2], violated_mw: [2, 2],
  };
  const WIDE = new Set([
    "name", "contingency", "element", "radial_feed", "redispatch_contingency", "redispatch_element",
  ]);
  const NUMERIC = new Set(["bus", "states", ...Object.keys(DIGITS)]);
  const at = Object.fromEntries(study.columns.map((name, i) => [name, i]));
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const find = document.getElementById("find");
  const kind = document.getElementById("kind");
  const leastKv = document.getElementById("least-kv");
  const leastMw = document.getElementById("least-mw");
  const past = new Set(study.rows.filter((_, i) => study.past_limit[i]).map((row) => row[0]));
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
    if (name === "status" || name === "redispatch_status") return value.replaceAll("_", " ");
    if (typeof value === "number" && name in DIGITS) {
      const ofLimit = name === "value" || name === "limit" || name === "value_without_load";
      if (name === "factor" && value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(1);
      const perUnit = ofLimit && /voltage|collapse/.test(row[at.limit_type]);
      const [least, most] = perUnit ? [4, 4] : ofLimit ? [1, 1] : DIGITS[name];
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
        cell.className = NUMERIC.has(name) ? "n" : WIDE.has(name) ? "w" : "";
        if (name === "states") cell.classList.add("states");
        if (name === "limit_type") {
          const dot = document.createElement("i");
          dot.className = "dot";
          dot.style.background = study.colours[row[at.limit_type]] || "#999";
          cell.append(dot);
        }
        if (name === "headroom_mw" || name === "redispatch_mw") {
          const strong = document.createElement("b");
          strong.textContent = text(row, name);
          cell.append(strong);
        } else {
          cell.append(text(row, name));
        }
        if (name === "value" && past.has(row[at.bus])) {
          cell.append("*");
          cell.title = "past its limit: the attribution is what is reached";
        }
        line.append(cell);
      }
      line.tabIndex = 0;
      line.addEventListener("click", () => choose(line, row[at.bus]));
      line.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        choose(line, row[at.bus]);
      });
      part.append(line);
    }
    body.append(part);
    shown = Math.min(shown + PAGE, rows.length);
    more.hidden = shown === rows.length;
    count.textContent = `${rows.length.toLocaleString("en")} ${rows.length === 1 ? "bus" : "buses"}` + (more.hidden ? "" : `, ${shown} shown`);
  };

  const choose = (line, bus) => {
    for (const other of body.querySelectorAll(".chosen")) {
      other.classList.remove("chosen");
      other.removeAttribute("aria-selected");
    }
    line.classList.add("chosen");
    line.ariaSelected = "true";
    document.getElementById("witness-bus").textContent = bus;
    document.getElementById("witness").textContent = witness(bus);
  };

  const witness = (bus) => `${study.witness[0]} ${bus} witness_${bus}.m ${study.witness[1]}`.trimEnd();

  // As study.to_csv: empty where missing, inf where there is no such limit.
  const download = () => {
    const quote = (value) => {
      const plain = value === null ? "" : String(value);
      return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
    };
    const lines = [study.columns, ...rows].map((row) => row.map(quote).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    link.download = study.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const refresh = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const places = ["bus", "name", "contingency", "element"].map((name) => at[name]);
    rows = study.rows.filter((row) => {
      if (kind.value && row[at.limit_type] !== kind.value) return false;
      if (leastKv.value && !(row[at.base_kv] >= Number(leastKv.value))) return false;
      if (leastMw.value && !(row[at.headroom_mw] >= Number(leastMw.value))) return false;
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
    if (WIDE.has(head.dataset.column)) head.classList.add("w");
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
  for (const filter of [find, leastKv, leastMw]) filter.addEventListener("input", refresh);
  document.getElementById("download").addEventListener("click", download);
  kind.addEventListener("change", refresh);
  more.addEventListener("click", show);
  refresh();
})();
