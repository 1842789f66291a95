// What the page was given, and how its numbers are written.
const study = JSON.parse(document.getElementById("study").textContent);
const byId = (id) => document.getElementById(id);

const decoded = (column) => (column.w ? column.i.map((at) => (at < 0 ? null : column.w[at])) : column.v);
const decodedAll = (columns) => Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, decoded(column)]));

const rows = decodedAll(study.rows);
const rowCount = rows.bus.length;
const past = new Set(study.past_limit);
const overWithoutLoad = new Set(study.over_without_load);
const hasRedispatch = "redispatch_mw" in rows;

const network = study.network;
for (const name of ["name", "kv", "branch", "percent", "mva", "rate"]) network[name] = decoded(network[name]);
const busCount = network.bus.length;
const branchCount = network.from.length;
const busOfRow = new Int32Array(rowCount).fill(-1);
network.row.forEach((row, bus) => { if (row >= 0) busOfRow[row] = bus; });
const busOfNumber = new Map(network.bus.map((number, bus) => [number, bus]));
const rowOfNumber = new Map(rows.bus.map((number, row) => [number, row]));
const busAtFileRow = new Map(network.bus_row.map((row, bus) => [row, bus]));
const branchAtFileRow = new Map(network.branch_row.map((row, branch) => [row, branch]));

for (const group of [study.pairs, study.units]) if (group) group.columns = decodedAll(group.columns);
// The entries of a row, as objects.
const entriesOf = (group, row) => {
  const found = [];
  if (!group) return found;
  for (let at = group.start[row]; at < group.start[row + 1]; at++) {
    found.push(Object.fromEntries(Object.entries(group.columns).map(([name, values]) => [name, values[at]])));
  }
  return found;
};

const withDigits = (value, digits) => {
  const [whole, part] = Math.abs(value).toFixed(digits).split(".");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? `.${part}` : "");
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
};
const shortest = (value) => String(Number(value.toFixed(2)));
const inWords = (status) => (status === null ? "–" : status.replaceAll("_", " "));
const limitWord = (limit) => (limit === null ? "–" : study.limits[limit] || limit);
const isPerUnit = (limit) => /voltage|collapse/.test(limit || "");
const ofLimit = (value, limit) => (value === null ? "–" : value === "inf" ? "none" : withDigits(value, isPerUnit(limit) ? 4 : 1));
const unitOf = (limit) => (isPerUnit(limit) ? "pu" : limit === "generation" ? "MW" : "MVA");
const megawatts = (value, digits = 1) => (value === null || value === undefined ? "–" : value === "inf" ? "none" : withDigits(value, digits));

const formOf = Object.fromEntries(study.columns.map(([name, , , form]) => [name, form]));
const isNumeric = (name) => !["text", "word", "limit_type"].includes(formOf[name]);
// A cell as people read it.
const cellText = (row, name) => {
  if (name === "states") return `${rows.states_solved[row]} of ${rows.states_total[row]}`;
  const value = rows[name][row];
  if (value === null) return "–";
  if (value === "inf") return "none";
  const form = formOf[name];
  if (form === "limit_type") return limitWord(value);
  if (form === "word") return inWords(value);
  if (form === "limit") return ofLimit(value, rows.limit_type[row]);
  if (form === "kv") return shortest(value);
  if (form === "factor") return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1).replace("-", value < 0 ? "−" : "-") : withDigits(value, 4);
  return typeof form === "number" ? withDigits(value, form) : String(value);
};

// How far a type of limit was looked for and not found.
const noneUpTo = (row) => {
  const end = rows.collapse_mw[row];
  return typeof end === "number" ? `none below ${withDigits(end, 0)} MW` : `none up to the cap, ${withDigits(study.max_mw, 0)} MW`;
};

// An element of the page; whatever comes from the case goes in as text, never as markup.
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};
// A name whose parts, such as 2-4, are not broken at a line's end.
const whole = (text) => {
  const found = document.createDocumentFragment();
  for (const part of String(text).split(/( )/)) found.append(/-/.test(part) && part.length < 24 ? make("span", { class: "whole" }, part) : part);
  return found;
};
const dot = (limit) => {
  const mark = make("i", { class: "dot" });
  mark.style.background = study.colours[limit] || "#999";
  return mark;
};
const counted = (count, one, many) => `${withDigits(count, 0)} ${count === 1 ? one : many}`;
