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
  let isOnPaper = false;

  const isOn = () => chosen !== null || words.length > 0;
  const isWanted = (line) => isOnPaper || ((!chosen || chosen.has(line)) && words.every((word) => textOf(line).includes(word)));

  function apply() {
    const shown = new Set(linesOf().filter(isWanted));
    const groups = new Map();
    for (const line of linesOf()) {
      const body = line.row.parentElement;
      if (!groups.has(body)) groups.set(body, []);
      groups.get(body).push(line);
    }
    const parts = new Map(); // table or chunk, and whether anything in it is shown
    for (const [body, members] of groups) parts.set(body.parentElement, showBody(body, members, shown) || (parts.get(body.parentElement) ?? false));
    for (const [part, isShown] of parts) if (part !== table) hide(part, !isShown);
    table.classList.toggle("is-filtered", isOn());
    form.querySelector("[data-no-match]").hidden = shown.size > 0;
    table.hidden = shown.size === 0;
    if (!isOnPaper) announce(plural(texts.found, shown.size));
  }

  /** A body without a shown line is hidden as a whole; its rows are left alone, as there may be thousands of such. */
  function showBody(body, members, shown) {
    const isShown = members.some((line) => shown.has(line));
    hide(body, !isShown);
    if (isShown) for (const line of members) hide(line.row, !shown.has(line));
    return isShown;
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
    const field = form.querySelector("#line-search");
    field.value = "";
    words = [];
    choose("all");
    field.focus(); // the button goes with its words
  }

  /** A report on paper is a whole one. */
  function print(isPrinting) {
    if (!isOn()) return;
    isOnPaper = isPrinting;
    apply();
  }

  window.addEventListener("beforeprint", () => print(true));
  window.addEventListener("afterprint", () => print(false));
  return { choose, search, clear, isOn };
}

function hide(element, isHidden) {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}

function textOf(line) {
  line.searchText ??= line.row.querySelector("th").textContent.toLowerCase();
  return line.searchText;
}
