// Chips and search. A chip decides once, when it is pressed, so that a line does not vanish while somebody explains it.

import { announce } from "../announce.js";
import { plural, texts } from "./texts.js";

const CHIPS = {
  all: () => true,
  discrepancies: (line) => line.isDiscrepancy || line.state === "need",
  need: (line) => line.state === "need",
  missing: (line) => line.state === "missing",
  changed: (line) => line.isChanged,
};

export function makeFilter(table, form, linesOf) {
  let chosen = null;
  let words = [];

  function apply() {
    const groups = new Map();
    let shown = 0;
    for (const line of linesOf()) {
      const fits = (!chosen || chosen.has(line)) && words.every((word) => textOf(line).includes(word));
      line.row.hidden = !fits;
      shown += fits ? 1 : 0;
      groups.set(line.row.parentElement, groups.get(line.row.parentElement) || fits);
    }
    for (const [body, fits] of groups) body.hidden = !fits;
    table.classList.toggle("is-filtered", chosen !== null || words.length > 0);
    form.querySelector("[data-no-match]").hidden = shown > 0;
    announce(plural(texts.found, shown));
  }

  function choose(name) {
    for (const chip of form.querySelectorAll("[data-filter]")) chip.setAttribute("aria-pressed", String(chip.dataset.filter === name));
    chosen = name === "all" ? null : new Set(linesOf().filter(CHIPS[name]));
    apply();
  }

  function search(text) {
    words = text.toLowerCase().split(/\s+/).filter(Boolean);
    apply();
  }

  function clear() {
    form.querySelector("#line-search").value = "";
    words = [];
    choose("all");
  }

  return { choose, search, clear, isOn: () => chosen !== null || words.length > 0 };
}

function textOf(line) {
  line.searchText ??= line.row.querySelector("th").textContent.toLowerCase();
  return line.searchText;
}
