// Dark or light: as the system has it, or as chosen here.
const theme = (() => {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const listeners = [];
  let chosen = "system";
  let printing = false;
  try { chosen = localStorage.getItem("nodalroom-theme") || "system"; } catch { /* not kept for files in some browsers */ }
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => !printing && (chosen === "dark" || (chosen === "system" && system.matches));
  const apply = () => {
    root.dataset.theme = isDark() ? "dark" : "light";
    button.textContent = `Theme: ${chosen}`;
    for (const listener of listeners) listener();
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    const other = system.matches ? ["system", "light", "dark"] : ["system", "dark", "light"];
    chosen = other[(other.indexOf(chosen) + 1) % 3];
    try { localStorage.setItem("nodalroom-theme", chosen); } catch { /* as above */ }
    apply();
  });
  system.addEventListener("change", apply);
  // Printed light, and with all that is folded.
  let folded = [];
  addEventListener("beforeprint", () => {
    printing = true;
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const details of folded) details.open = true;
    apply();
  });
  addEventListener("afterprint", () => {
    printing = false;
    for (const details of folded) details.open = false;
    apply();
  });
  apply();
  return { isDark, onChange: (listener) => listeners.push(listener) };
})();

if (!document.getElementById("desk")) return;
