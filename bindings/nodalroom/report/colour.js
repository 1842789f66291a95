// Colours of buses and branches. Viridis goes from dark to light and can be told apart by colour-blind readers; loading
// is shown by width too, and buses that take nothing are hollow.
const VIRIDIS = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"];
const NOTHING_MW = 0.1;
const bounds = study.classes;
const classCount = bounds.length + 1;

const channel = (colour, at) => parseInt(colour.slice(1 + 2 * at, 3 + 2 * at), 16);
const viridis = (share) => {
  const at = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const mixed = [0, 1, 2].map((i) => {
    const low = channel(VIRIDIS[below], i), high = channel(VIRIDIS[below + 1], i);
    return Math.round(low + (high - low) * (at - below)).toString(16).padStart(2, "0");
  });
  return `#${mixed.join("")}`;
};
const classColours = Array.from({ length: classCount }, (_, i) => viridis(classCount === 1 ? 0.5 : i / (classCount - 1)));

// Of a row: 0 takes nothing, 1… by MW, or -1 without a number.
const classOf = (row) => {
  const value = rows[state.figure][row];
  if (value === null || value === "inf") return -1;
  if (value < NOTHING_MW) return 0;
  let at = 1;
  while (at < classCount && value >= bounds[at - 1]) at++;
  return at;
};

const LOADINGS = [
  { from: 0, word: "below 50 %", light: "#b4bec9", dark: "#4a5764", width: 1 },
  { from: 50, word: "50 to 80 %", light: "#7f8b98", dark: "#8593a1", width: 1.4 },
  { from: 80, word: "80 to 100 %", light: "#d97706", dark: "#f59e0b", width: 2.4 },
  { from: 100, word: "over 100 %", light: "#b91c1c", dark: "#ff6b5e", width: 3.6 },
];
const loadingClass = new Int8Array(branchCount);
for (let branch = 0; branch < branchCount; branch++) {
  const percent = network.percent[branch];
  loadingClass[branch] = !network.on[branch] ? -1 : percent === null ? 0 : LOADINGS.filter((entry) => percent >= entry.from).length - 1;
}
const loadingsKnown = network.percent.some((percent) => percent !== null);

const INK = {
  light: { paper: "#fbfcfd", ink: "#1c2530", outline: "#33404d", quiet: "#c3ccd5", leftOut: "#8a96a3", text: "#1c2530", halo: "#ffffff", outage: "#d9480f", bound: "#c2007a" },
  dark: { paper: "#12181f", ink: "#e6ebf0", outline: "#c8d1da", quiet: "#3b4753", leftOut: "#7d8b99", text: "#e6ebf0", halo: "#12181f", outage: "#ff8a4c", bound: "#ff5cbf" },
};
const inks = () => (theme.isDark() ? INK.dark : INK.light);

const nothingColour = () => (theme.isDark() ? "#b79be0" : classColours[0]);
const boundText = (bound) => (bound < 10 ? shortest(bound) : withDigits(bound, 0));
const drawLegends = () => {
  const list = byId("bus-legend");
  list.replaceChildren();
  const add = (colour, text, hollow) => {
    const mark = make("i", { class: hollow ? "dot round hollow" : "dot round" });
    if (hollow) mark.style.borderColor = colour;
    else mark.style.background = colour;
    list.append(make("li", {}, mark, text));
  };
  if (state.colour === "limit") {
    const present = new Set(Array.from({ length: rowCount }, (_, row) => limitTypeOf(row)));
    for (const [limit, colour] of Object.entries(study.colours)) if (present.has(limit)) add(colour, limitWord(limit), false);
  } else {
    const present = new Set(Array.from({ length: rowCount }, (_, row) => classOf(row)));
    if (present.has(0)) add(nothingColour(), "nothing", true);
    classColours.forEach((colour, i) => {
      const low = i === 0 ? null : boundText(bounds[i - 1]);
      const high = i === classCount - 1 ? null : boundText(bounds[i]);
      const text = low === null && high === null ? "some MW" : low === null ? `below ${high} MW` : high === null ? `${low} and more` : `${low} to ${high}`;
      if (classCount > 1 || present.has(1)) add(colour, text, false);
    });
    if (present.has(-1)) add(inks().quiet, "no number", false);
  }
  if (state.leftCount < rowCount) list.append(make("li", {}, make("i", { class: "dot round left-out" }), "filtered out"));
  if (rowCount < busCount) add(inks().quiet, "not studied", false);
  const branches = byId("branch-legend");
  branches.replaceChildren();
  if (!loadingsKnown) return;
  branches.append(make("li", { class: "says" }, "Branch loading"));
  for (const entry of LOADINGS) {
    const stroke = make("i", { class: "stroke" });
    stroke.style.borderTopColor = entry[theme.isDark() ? "dark" : "light"];
    stroke.style.borderTopWidth = `${Math.max(entry.width, 1)}px`;
    branches.append(make("li", {}, stroke, entry.word));
  }
};
