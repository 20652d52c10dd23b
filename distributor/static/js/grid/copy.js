// Lines as a table on the clipboard, for a spreadsheet and for a mail: the selected ones, else all that are shown.

import { toast } from "../announce.js";
import { htmlOf, textOf } from "./cells.js";
import { showDifference, showUnits, ungrouped } from "./numbers.js";
import { plural, texts } from "./texts.js";

export function makeCopy(grid, selection) {
  const chosen = () => (selection.isOn() ? selection.lines() : grid.lines().filter((line) => grid.matches(line)));

  /** Ctrl+C with several lines selected takes the lines, not the text in the field. */
  document.addEventListener("copy", (event) => {
    if (!selection.isOn() || event.target.closest?.("dialog, [data-selection]")) return;
    put(event, selection.lines());
  });

  function put(event, lines) {
    const rows = [texts.columns, ...lines.map((line) => cellsOfLine(line, grid.terms))];
    event.clipboardData.setData("text/plain", textOf(rows));
    event.clipboardData.setData("text/html", htmlOf(rows));
    event.preventDefault();
    toast(plural(texts.copied, lines.length));
  }

  /** The browser's own copy command, so that it works without asking and without a secure address. */
  function copy() {
    const lines = chosen();
    const answer = (event) => {
      event.stopImmediatePropagation();
      put(event, lines);
    };
    document.addEventListener("copy", answer, { capture: true, once: true });
    document.execCommand("copy");
    document.removeEventListener("copy", answer, { capture: true });
  }

  return { copy };
}

/** A line's cells, numbers as the reader's spreadsheet reads them: without grouping. */
function cellsOfLine(line, terms) {
  const text = (selector) => line.row.querySelector(selector)?.textContent.trim() ?? "";
  const plain = (shown) => (shown === "–" ? "" : ungrouped(shown).replace("−", "-"));
  return [
    text(".customer"),
    text(".product"),
    text(".sku"),
    plain(showUnits(line.provisioned)),
    plain(text(".used")),
    plain(showUnits(line.units)),
    line.difference === null ? "" : plain(showDifference(line.difference)).replace("+", ""),
    plain(terms.money(line.amount)),
    line.said,
  ];
}
