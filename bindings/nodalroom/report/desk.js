// Everything put together.
listeners.filter.push(drawLegends, redraw, () => { tableWindow.scrollTop = 0; grid.active = 0; refreshTable(); });
listeners.colour.push(drawLegends, redraw);
listeners.choose.push(showPanel, () => {
  const at = grid.rows.indexOf(state.chosen);
  if (at >= 0) { grid.active = at; reveal(at); }
  renderRows();
  const bus = busAsked();
  // The panel takes some of the map's width; only then is it known what is still in view.
  requestAnimationFrame(() => {
    if (bus >= 0 && !isInView(bus)) { view.x = network.x[bus]; view.y = network.y[bus]; }
    redraw();
  });
});
theme.onChange(() => { drawLegends(); draw(); });
new ResizeObserver(resize).observe(canvas);

// Enter in the search: the bus with this number, or the first that is left.
byId("find").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  const asked = rowOfNumber.get(Number(fields.find.value.trim()));
  const row = fields.find.value.trim() && asked !== undefined && state.left[asked] ? asked : grid.rows[0];
  if (row === undefined && /^\d+$/.test(fields.find.value.trim()) && asked === undefined) openNumber(Number(fields.find.value.trim()));
  if (row === undefined) return;
  openPanel(row);
  fitBound();
});

for (const button of document.querySelectorAll("button.held")) {
  button.addEventListener("click", () => {
    state.held = { kind: button.dataset.kind, row: Number(button.dataset.row), figure: button.dataset.figure, name: button.textContent };
    setFigure(button.dataset.figure);
    filter();
    byId("desk").scrollIntoView();
    byId("held").focus({ preventScroll: true });
  });
}
for (const button of document.querySelectorAll("button.bus-link")) {
  const row = rowOfNumber.get(Number(button.dataset.bus));
  if (row === undefined) button.disabled = true;
  button.addEventListener("click", () => { openPanel(row); showDesk(); fitBound(); });
}

// The panel itself where it stands below the map.
const showDesk = () => (isOneColumn.matches ? panel : byId("desk")).scrollIntoView();
const followAddress = () => {
  const number = numberInAddress();
  if (number === null || number === state.number) return;
  openNumber(number);
  showDesk();
  if (state.chosen >= 0) requestAnimationFrame(fitBound);
};
addEventListener("hashchange", followAddress);

drawLegends();
resize();
filter();
followAddress();
