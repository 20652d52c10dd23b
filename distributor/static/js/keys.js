// "/" goes to the page's search. Letters as keys can be switched off: who speaks to the computer would set them off by talking.

import { keep, kept } from "./grid/storage.js";

const SWITCH = "single-keys";

function bindSwitch() {
  const isOn = kept(SWITCH) !== "off";
  document.documentElement.dataset.singleKeys = isOn ? "on" : "off";
  for (const box of document.querySelectorAll("input[data-single-keys]")) {
    box.checked = isOn;
    box.addEventListener("change", () => {
      document.documentElement.dataset.singleKeys = box.checked ? "on" : "off";
      keep(SWITCH, document.documentElement.dataset.singleKeys);
    });
  }
}

/** Whether a key without Ctrl, Alt or Command means something by itself. */
export function areLettersKeys(event) {
  return !event.ctrlKey && !event.metaKey && !event.altKey && document.documentElement.dataset.singleKeys !== "off";
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || !areLettersKeys(event)) return;
  const field = event.target.closest("input, textarea, select");
  const search = document.querySelector("[data-search-key]");
  if (!search || (field && !field.matches(".units"))) return;
  event.preventDefault();
  search.focus();
  search.select();
});

bindSwitch();
