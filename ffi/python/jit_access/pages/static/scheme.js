// Before anything is drawn: that scripts run, and the colours that the host has chosen.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const key = root.dataset.schemeKey;
  if (!key) return;
  try {
    const said = localStorage.getItem(key);
    if (said !== null) root.dataset.scheme = said === "true" ? "dark" : "light";
  } catch { /* No storage: the system's colours. */ }
})();
